using Berth.Runtime.Init;
using Berth.Runtime.Plan;
using Berth.Runtime.Rootfs;
using Berth.Runtime.Security;
using Berth.Runtime.Security.Seccomp;
using Berth.Runtime.State;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>Makes containers and further processes in them.</summary>
/// <remarks>Only for processes with one managed thread and no concurrent GC: the child is a copy made by clone3(2) without an execve in between.</remarks>
internal static partial class ContainerLauncher
{
    /// <summary>
    /// Makes the container's cgroup and root, and its first process up to the execve, or up to the request's gate. Runs the hooks that come before,
    /// and without a gate also poststart; poststop is the caller's, by <see cref="Hooks.RunAll"/>.
    /// </summary>
    /// <exception cref="LaunchException">It can't be; nothing is left of the attempt.</exception>
    public static LaunchedContainer Launch(LaunchRequest request)
    {
        var plan = Checked(() =>
        {
            Hooks.Check(request.Spec.Hooks);
            return ContainerPlan.Parse(request.Spec);
        });
        return new ContainerLaunch(plan, request).Run();
    }

    /// <summary>What the configuration has wrong becomes the failure of one named step.</summary>
    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (EngineException e)
        {
            throw new LaunchException("read the configuration", Errno.None, e.Message, inner: e);
        }
    }

    private static CompiledSeccomp? Compile(OciSeccomp? profile) => profile is null ? null : Checked(() => SeccompCompiler.Compile(profile, SeccompArchitectures.Native));

    private static PseudoTerminal HostTerminal(OciBox? size)
    {
        using var devpts = FilesAt.Open("/dev/pts", OpenFlags.PathOnly | OpenFlags.Directory);
        return PseudoTerminal.Create(devpts, size);
    }

    /// <summary>One launch, from a checked plan.</summary>
    private sealed class ContainerLaunch(ContainerPlan plan, LaunchRequest request)
    {
        private readonly List<string> _warnings = [.. plan.Process.Warnings];
        private readonly OciHooks _hooks = plan.Spec.Hooks ?? new OciHooks();
        private readonly bool _userNamespace = plan.Namespaces.New.HasFlag(NamespaceKinds.User);

        /// <summary>Namespaces that the child makes by itself, once it is who or where it has to be for that.</summary>
        private readonly NamespaceKinds _late = NamespaceKinds.Cgroup | NamespaceKinds.Time | (plan.Namespaces.New.HasFlag(NamespaceKinds.User) ? NamespaceKinds.Ipc : 0);

        private ICgroup? _cgroup;
        private bool _madeCgroup;
        private int _firstGatedStep;

        public LaunchedContainer Run()
        {
            if (plan.Process.Candidates().Count == 0)
            {
                throw ExecFailure.NotInPath(plan.Process);
            }

            var seccomp = Compile(plan.Linux.Seccomp);

            // The child is a copy of this process: nobody in the container's pid namespace may trace it or look into it before its execve.
            SelfProtection.Apply();
            var umask = FilesAt.SetUmask(0); // modes of nodes and directories are as configured
            try
            {
                MakeCgroup();
                using var rootfs = RootfsPreparation.Prepare(plan, request, _cgroup);
                return Launch(rootfs, seccomp);
            }
            catch (Exception e)
            {
                var failure = e as LaunchException
                    ?? (e is ErrnoException errno ? new LaunchException($"{errno.Call} {errno.Target}".Trim(), errno.Errno, errno.Message, inner: e)
                    : e is EngineException engine ? new LaunchException("set up the container", Errno.None, engine.Message, inner: e) : null);
                RemoveCgroup();
                if (failure is null || ReferenceEquals(failure, e))
                {
                    throw;
                }

                throw failure;
            }
            finally
            {
                FilesAt.SetUmask(umask);
            }
        }

        private void MakeCgroup()
        {
            if (string.IsNullOrEmpty(plan.Linux.CgroupsPath))
            {
                if (plan.Linux.Resources is not null)
                {
                    _warnings.Add("linux.resources has no effect without linux.cgroupsPath");
                }

                return;
            }

            var host = CgroupHost.Detect();
            var existed = host.Open(plan.Linux.CgroupsPath).Exists;
            try
            {
                _cgroup = host.Create(plan.Linux.CgroupsPath, plan.Linux.Resources, out var warnings);
                _warnings.AddRange(warnings);
            }
            catch (ErrnoException e)
            {
                throw new LaunchException("make the cgroup", e.Errno, $"make the cgroup {plan.Linux.CgroupsPath}: {e.Message}", inner: e);
            }

            _madeCgroup = !existed;
        }

        private void RemoveCgroup()
        {
            if (_madeCgroup && _cgroup is not null)
            {
                _cgroup.Kill();
                _cgroup.Destroy(TimeSpan.FromSeconds(5));
            }
        }

        private LaunchedContainer Launch(PreparedRootfs rootfs, CompiledSeccomp? seccomp)
        {
            using var cgroupDirectory = _cgroup?.OpenDirectory();
            using var states = new StateFiles(_hooks);
            using var gate = request.Gate is null ? null : GateListener.Listen(request.Gate);
            using var joined = new JoinedNamespaces(plan.Namespaces);
            using var init = request.Init ? InitProgram.Create() : null;
            using var steps = new StepList();
            var report = new ReportPipe();
            var (goRead, goWrite) = FilesAt.Pipe();
            var owner = IdMap.ToHost(_userNamespace ? plan.Linux.UidMappings : null, plan.Process.Uid)
                ?? throw new LaunchException("set the user", Errno.EINVAL, $"User {plan.Process.Uid} is not mapped in the container's user namespace");
            var stdio = plan.Process.Terminal
                ? PreparedStdio.CreateTerminal(rootfs.Terminals is { } devpts ? PseudoTerminal.Create(devpts, plan.Process.ConsoleSize) : HostTerminal(plan.Process.ConsoleSize), owner)
                : PreparedStdio.Create(request.Stdio, owner);
            try
            {
                using (goRead)
                using (goWrite)
                {
                    var waits = _userNamespace || request.NamespacesMade is not null || (_cgroup is not null && cgroupDirectory is null) || states.Any;
                    AddSteps(steps, rootfs, stdio, seccomp, joined, states, gate, init, report, goRead, goWrite, waits);
                    var child = joined.Clone(() => ChildProcess.Clone(steps, plan.Namespaces.New & ~_late, cgroupDirectory, report));
                    try
                    {
                        stdio.CloseTheirs();
                        goRead.Dispose();
                        if (waits)
                        {
                            Admit(child.Pid, cgroupDirectory is null, states);
                            StepListExtensions.Go(goWrite);
                        }

                        Follow(child, steps, goWrite);
                    }
                    catch
                    {
                        child.Kill();
                        child.Dispose();
                        throw;
                    }

                    return Launched(child, stdio, request.Gate is null ? [] : steps.From(_firstGatedStep));
                }
            }
            catch
            {
                stdio.Dispose();
                throw;
            }
        }

        private void AddSteps(
            StepList steps, PreparedRootfs rootfs, PreparedStdio stdio, CompiledSeccomp? seccomp, JoinedNamespaces joined, StateFiles states, GateListener? gate,
            SafeFileHandle? init, ReportPipe report, SafeFileHandle goRead, SafeFileHandle goWrite, bool waits)
        {
            steps.AddClose(goWrite);
            if (waits)
            {
                steps.AddWait(goRead);
            }

            joined.AddSteps(steps);
            NamespaceSteps.Add(steps, plan);
            var appArmor = ProcessSteps.AddBeforeRoot(steps, plan.Process);
            ProcessSteps.AddSession(steps, $"_berth.{request.ContainerId}");
            if (_userNamespace)
            {
                NamespaceSteps.AddBecomeRoot(steps);
                NamespaceSteps.AddLateIpc(steps, plan.Namespaces);
            }

            NamespaceSteps.AddNames(steps, plan.Spec);
            var oldRoot = MountSteps.AddAttach(steps, plan, rootfs, stdio);
            if (_hooks.Prestart is { Length: > 0 } || _hooks.CreateRuntime is { Length: > 0 })
            {
                steps.Ready();
                steps.AddWait(goRead);
            }

            HookSteps.Add(steps, _hooks.CreateContainer, states.Creating);
            MountSteps.AddPivot(steps, plan, rootfs, oldRoot, request.NoPivot);
            ProcessSteps.AddWorkingDirectory(steps, plan.Process.Cwd);
            if (plan.Personality is { } personality)
            {
                steps.Call("set the personality", null, SyscallNumber.Personality, personality);
            }

            ProcessSteps.AddScheduling(steps, plan.Process);
            stdio.AddTo(steps);
            if (gate is not null)
            {
                ProcessSteps.AddLookup(steps, plan.Process);
                gate.AddTo(steps, report);
                _firstGatedStep = steps.Count;
            }

            HookSteps.Add(steps, _hooks.StartContainer, states.Created);
            ProcessSteps.AddTail(steps, plan.Process, TailOptions.For(_userNamespace) with
            {
                Seccomp = seccomp,
                PreservedDescriptors = request.PreservedDescriptors,
                DiesWithParent = request.DiesWithParent,
                AppArmorFile = appArmor,
                Init = init is null ? null : new InitOptions(init, plan.Namespaces.New.HasFlag(NamespaceKinds.Pid)),
            });
        }

        /// <summary>What only a process outside can do for the child, which waits for it.</summary>
        private void Admit(int pid, bool needsCgroup, StateFiles states)
        {
            if (needsCgroup)
            {
                _cgroup?.AddProcess(pid);
            }

            if (_userNamespace)
            {
                UserNamespace.WriteMaps(pid, plan.Linux.UidMappings!, plan.Linux.GidMappings!);
                foreach (var limit in plan.Process.Limits)
                {
                    // Raising a hard limit takes a capability of the host, which the child has given up. The soft one it sets by itself.
                    var now = Privileges.Limit(limit.Resource);
                    if (limit.Hard > now.Hard)
                    {
                        Privileges.SetLimit(pid, limit.Resource, now with { Hard = limit.Hard });
                    }
                }
            }

            states.Write(State("creating", pid), State("created", pid));
            request.NamespacesMade?.Invoke(pid);
        }

        /// <summary>Reads what the child tells until it runs, or waits behind the gate.</summary>
        private void Follow(ChildProcess child, StepList steps, SafeFileHandle goWrite)
        {
            var hooksDue = _hooks.Prestart is { Length: > 0 } || _hooks.CreateRuntime is { Length: > 0 };
            while (child.Report.Read() is { } told)
            {
                switch (told.Kind)
                {
                    case StepReportKind.Failed:
                        throw ExecFailure.Of(steps, told.Step, told.Value, plan.Process);
                    case StepReportKind.Warning:
                        _warnings.Add($"{steps.Describe(told.Step)}: {ErrnoException.Describe((Errno)told.Value)}");
                        break;
                    case StepReportKind.Ready when hooksDue:
                        hooksDue = false;
                        Hooks.Run(_hooks.Prestart, State("creating", child.Pid));
                        Hooks.Run(_hooks.CreateRuntime, State("creating", child.Pid));
                        StepListExtensions.Go(goWrite);
                        break;
                    case StepReportKind.Ready:
                        return;
                }
            }

            if (request.Gate is not null)
            {
                throw new LaunchException("set up the container", Errno.None, $"The set-up process ended before its time ({child.WaitForEnd()})");
            }

            _warnings.AddRange(Hooks.RunAll(_hooks.Poststart, State("running", child.Pid)));
        }

        private OciState State(string status, int pid) => new()
        {
            OciVersion = plan.Spec.OciVersion,
            Id = request.ContainerId,
            Status = status,
            Pid = pid,
            Bundle = request.BundlePath,
            Annotations = plan.Spec.Annotations,
        };

        private LaunchedContainer Launched(ChildProcess child, PreparedStdio stdio, IReadOnlyList<GatedStep> gated)
        {
            child.Report.Dispose();
            return new LaunchedContainer
            {
                Pid = child.Pid,
                PidFd = child.PidFd,
                Stdin = stdio.Stdin,
                Stdout = stdio.Stdout,
                Stderr = stdio.Stderr,
                TerminalMaster = stdio.TerminalMaster,
                Warnings = _warnings,
                Cgroup = _cgroup,
                GatedSteps = gated,
            };
        }
    }

    /// <summary>What the hooks that run inside read on their standard input.</summary>
    private sealed class StateFiles(OciHooks hooks) : IDisposable
    {
        public SafeFileHandle? Creating { get; } = hooks.CreateContainer is { Length: > 0 } ? Hooks.NewStateFile() : null;

        public SafeFileHandle? Created { get; } = hooks.StartContainer is { Length: > 0 } ? Hooks.NewStateFile() : null;

        public bool Any => Creating is not null || Created is not null;

        public void Write(OciState creating, OciState created)
        {
            if (Creating is not null)
            {
                Hooks.WriteState(Creating, creating);
            }

            if (Created is not null)
            {
                Hooks.WriteState(Created, created);
            }
        }

        public void Dispose()
        {
            Creating?.Dispose();
            Created?.Dispose();
        }
    }
}
