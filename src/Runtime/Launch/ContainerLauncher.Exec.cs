using Berth.Runtime.Plan;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

internal static partial class ContainerLauncher
{
    private static readonly (NamespaceKinds Kind, string Name)[] NamespaceFiles =
    [
        (NamespaceKinds.User, "user"), (NamespaceKinds.Mount, "mnt"), (NamespaceKinds.Network, "net"), (NamespaceKinds.Ipc, "ipc"),
        (NamespaceKinds.Uts, "uts"), (NamespaceKinds.Cgroup, "cgroup"), (NamespaceKinds.Time, "time"), (NamespaceKinds.Pid, "pid"),
    ];

    /// <summary>Executes one more program in a running container, in one clone: the child begins in the pid namespace and enters the others by itself.</summary>
    /// <exception cref="LaunchException">It can't be; nothing is left of the attempt.</exception>
    public static LaunchedProcess Exec(ExecLaunch request)
    {
        try
        {
            return new ProcessLaunch(request).Run();
        }
        catch (ErrnoException e)
        {
            throw new LaunchException($"{e.Call} {e.Target}".Trim(), e.Errno, e.Message, inner: e);
        }
        catch (EngineException e)
        {
            throw new LaunchException("read the process", Errno.None, e.Message, inner: e);
        }
    }

    private sealed class ProcessLaunch(ExecLaunch request)
    {
        public LaunchedProcess Run()
        {
            var foreign = ForeignNamespaces();
            var inUserNamespace = foreign.HasFlag(NamespaceKinds.User);
            var process = ProcessPlan.Parse(request.Process, inUserNamespace);
            if (process.Candidates().Count == 0)
            {
                throw ExecFailure.NotInPath(process);
            }

            var seccomp = Compile(request.Spec.Linux?.Seccomp);
            SelfProtection.Apply();
            using var root = FilesAt.Open($"/proc/{request.ContainerPid}/root", OpenFlags.PathOnly | OpenFlags.Directory);
            var owner = IdMap.ToHost(inUserNamespace ? request.Spec.Linux?.UidMappings : null, process.Uid)
                ?? throw new LaunchException("set the user", Errno.EINVAL, $"User {process.Uid} is not mapped in the container's user namespace");
            var stdio = process.Terminal
                ? PreparedStdio.CreateTerminal(PseudoTerminal.CreateInContainer(root, process.ConsoleSize), owner)
                : PreparedStdio.Create(request.Stdio, owner);
            try
            {
                using var directory = request.Cgroup?.OpenDirectory();
                try
                {
                    return Launch(directory);
                }
                catch (ErrnoException e) when (directory is not null && e is { Call: "clone3", Errno: Errno.EBUSY or Errno.EOPNOTSUPP })
                {
                    // The container has divided its cgroup, which can't hold processes itself any more: beside its first process, then.
                    return Launch(null);
                }
            }
            catch
            {
                stdio.Dispose();
                throw;
            }

            LaunchedProcess Launch(SafeFileHandle? cgroupDirectory)
            {
                using var steps = new StepList();
                var (goRead, goWrite) = FilesAt.Pipe();
                using (goRead)
                using (goWrite)
                {
                    var waits = request.Cgroup is not null && cgroupDirectory is null;
                    steps.AddClose(goWrite);
                    if (waits)
                    {
                        steps.AddWait(goRead);
                    }

                    var appArmor = ProcessSteps.AddBeforeRoot(steps, process);
                    RaiseLimits(steps, process, inUserNamespace);
                    AddEntry(steps, foreign & ~NamespaceKinds.Pid, root, inUserNamespace);
                    ProcessSteps.AddSession(steps, $"_berth.{request.ContainerPid}");
                    ProcessSteps.AddWorkingDirectory(steps, process.Cwd);
                    ProcessSteps.AddScheduling(steps, process);
                    stdio.AddTo(steps);
                    ProcessSteps.AddTail(steps, process, TailOptions.For(inUserNamespace) with
                    {
                        Seccomp = seccomp,
                        PreservedDescriptors = request.PreservedDescriptors,
                        DiesWithParent = request.DiesWithParent,
                        AppArmorFile = appArmor,
                    });
                    ChildProcess Clone() => ChildProcess.Clone(steps, NamespaceKinds.None, cgroupDirectory);
                    var child = foreign.HasFlag(NamespaceKinds.Pid)
                        ? JoinedNamespaces.CloneInPidNamespace(request.ContainerPidFd, "of the container", Clone) : Clone();
                    return Follow(child, steps, process, stdio, waits ? goWrite : null);
                }
            }
        }

        private LaunchedProcess Follow(ChildProcess child, StepList steps, ProcessPlan process, PreparedStdio stdio, SafeFileHandle? go)
        {
            var warnings = new List<string>(process.Warnings);
            try
            {
                stdio.CloseTheirs();
                if (go is not null)
                {
                    request.Cgroup!.AddProcess(child.Pid, request.ContainerPid);
                    StepListExtensions.Go(go);
                }

                while (child.Report.Read() is { } told)
                {
                    if (told.Kind == StepReportKind.Failed)
                    {
                        throw ExecFailure.Of(steps, told.Step, told.Value, process);
                    }

                    warnings.Add($"{steps.Describe(told.Step)}: {ErrnoException.Describe((Errno)told.Value)}");
                }
            }
            catch
            {
                child.Kill();
                child.Dispose();
                throw;
            }

            child.Report.Dispose();
            return new LaunchedProcess
            {
                Pid = child.Pid,
                PidFd = child.PidFd,
                Stdin = stdio.Stdin,
                Stdout = stdio.Stdout,
                Stderr = stdio.Stderr,
                TerminalMaster = stdio.TerminalMaster,
                Warnings = warnings,
            };
        }

        private void AddEntry(StepList steps, NamespaceKinds kinds, SafeFileHandle root, bool inUserNamespace)
        {
            if (kinds != NamespaceKinds.None)
            {
                steps.Call("enter the container's namespaces", null, SyscallNumber.Setns, request.ContainerPidFd, (uint)kinds);
            }

            // The root of the namespace is the container's, unless that has only changed its root (no-pivot).
            steps.Call("enter the container's root", null, SyscallNumber.Fchdir, root);
            steps.Call("enter the container's root", null, SyscallNumber.Chroot, steps.TextArgument("."));
            if (inUserNamespace)
            {
                NamespaceSteps.AddBecomeRoot(steps);
            }
        }

        /// <summary>While the child still has the host's capabilities.</summary>
        private static void RaiseLimits(StepList steps, ProcessPlan process, bool inUserNamespace)
        {
            foreach (var limit in inUserNamespace ? process.Limits : [])
            {
                var now = Privileges.Limit(limit.Resource);
                if (limit.Hard > now.Hard)
                {
                    steps.Call("set the limit", limit.Name, SyscallNumber.Prlimit64, 0, limit.Resource, steps.Struct(now with { Hard = limit.Hard }), 0);
                }
            }
        }

        /// <summary>Those in which the container differs from this process: entering one's own user namespace is an error.</summary>
        private NamespaceKinds ForeignNamespaces()
        {
            var foreign = NamespaceKinds.None;
            foreach (var (kind, name) in NamespaceFiles)
            {
                try
                {
                    if (FilesAt.Stat($"/proc/{request.ContainerPid}/ns/{name}").Inode != FilesAt.Stat($"/proc/self/ns/{name}").Inode)
                    {
                        foreign |= kind;
                    }
                }
                catch (ErrnoException e) when (e.Errno == Errno.ENOENT && kind == NamespaceKinds.Time)
                {
                    // Linux before 5.6.
                }
            }

            return foreign;
        }
    }
}
