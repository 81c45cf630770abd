using System.Globalization;
using Berth.Runtime.Init;
using Berth.Runtime.Plan;
using Berth.Runtime.Security;
using Berth.Runtime.Security.Seccomp;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>The steps from a child inside its namespaces and root to the program that runs there; the same for a container and for an exec.</summary>
internal static unsafe class ProcessSteps
{
    private const int PrctlPdeathsig = 1, PrctlKeepCaps = 8, PrctlCapBsetDrop = 24, PrctlNoNewPrivs = 38, PrctlCapAmbient = 47, AmbientRaise = 2, AmbientClear = 4;

    /// <summary>Of host's procfs, so before the root is changed: what is told to the kernel about the process itself.</summary>
    public static StepRef? AddBeforeRoot(StepList steps, ProcessPlan process)
    {
        if (process.OomScoreAdj is { } score)
        {
            var target = score.ToString(CultureInfo.InvariantCulture);
            var file = steps.Call("set oom_score_adj to", target, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument("/proc/self/oom_score_adj"), OpenFlags.WriteOnly | OpenFlags.CloseOnExec);
            var text = steps.Text(target);

            // Below what the launcher has, the kernel wants CAP_SYS_RESOURCE.
            steps.Call("set oom_score_adj to", target, SyscallNumber.Write, file, StepList.Address(text), target.Length).Tolerating(Errno.EACCES, Errno.EPERM).WithWarning();
            steps.Call("close", null, SyscallNumber.Close, file);
        }

        return process.AppArmorProfile is null
            ? null
            : steps.Call("apply the AppArmor profile", process.AppArmorProfile, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument(AppArmor.ExecAttribute), OpenFlags.WriteOnly | OpenFlags.CloseOnExec);
    }

    public static void AddSession(StepList steps, string name)
    {
        const int joinSessionKeyring = 1;

        // Else the container would hold the keys of whoever started the engine. Kernels without keyrings, and engines confined by a seccomp
        // filter that forbids keyctl, have none to hold.
        steps.Call("make a session keyring", null, SyscallNumber.Keyctl, joinSessionKeyring, steps.TextArgument(name))
            .Tolerating(Errno.ENOSYS, Errno.EPERM, Errno.EDQUOT).WithWarning();
    }

    /// <summary>The working directory, by a path that can't lead out: no link of procfs, through which the launcher's descriptors could be reached.</summary>
    public static void AddWorkingDirectory(StepList steps, string path)
    {
        var directory = steps.OpenBeneath("change to the working directory", path, OpenFlags.CurrentDirectory, path, OpenFlags.PathOnly | OpenFlags.Directory, OpenFlags.ResolveNoMagicLinks);
        steps.Call("change to the working directory", path, SyscallNumber.Fchdir, directory);
    }

    public static void AddScheduling(StepList steps, ProcessPlan process)
    {
        if (process.Scheduler is { } scheduler)
        {
            var attributes = new SchedulerAttributes
            {
                Size = (uint)sizeof(SchedulerAttributes),
                Policy = scheduler.Policy,
                Flags = scheduler.Flags,
                Nice = scheduler.Nice,
                Priority = scheduler.Priority,
                Runtime = scheduler.Runtime,
                Deadline = scheduler.Deadline,
                Period = scheduler.Period,
            };
            steps.Call("set the scheduler", null, SyscallNumber.SchedSetattr, 0, steps.Struct(attributes), 0);
        }

        if (process.IoPriority is { } priority)
        {
            const int whoProcess = 1;
            steps.Call("set the I/O priority", null, SyscallNumber.IoprioSet, whoProcess, 0, priority);
        }
    }

    /// <summary>Everything from limits to the execve; must come last, after every hook and gate.</summary>
    /// <param name="available">The capabilities that the child has at this point.</param>
    public static void AddTail(StepList steps, ProcessPlan process, TailOptions options)
    {
        foreach (var limit in process.Limits)
        {
            var value = new Privileges.ResourceLimit { Soft = limit.Soft, Hard = limit.Hard };
            steps.Call("set the limit", limit.Name, SyscallNumber.Prlimit64, 0, limit.Resource, steps.Struct(value), 0);
        }

        const int closeRangeCloseOnExec = 4;
        steps.Call("close the runtime's descriptors", null, SyscallNumber.CloseRange, 3 + options.PreservedDescriptors, uint.MaxValue, closeRangeCloseOnExec)
            .Tolerating(Errno.ENOSYS, Errno.EINVAL); // before Linux 5.11: each was opened close-on-exec, this is the second lock on that door
        for (var fd = 3; fd < 3 + options.PreservedDescriptors; fd++)
        {
            const int setDescriptorFlags = 2;
            steps.Call("keep a descriptor open", null, SyscallNumber.Fcntl, fd, setDescriptorFlags, 0).Tolerating(Errno.EBADF);
        }

        if (options.AppArmorFile is { } file)
        {
            steps.WriteText("apply the AppArmor profile", process.AppArmorProfile!, file, $"exec {process.AppArmorProfile}");
        }

        AddIdentity(steps, process, options);
        if (options.DiesWithParent)
        {
            steps.Call("tie to the supervisor", null, SyscallNumber.Prctl, PrctlPdeathsig, SignalDispositions.Kill);
        }

        if (process.NoNewPrivileges)
        {
            steps.Call("set no_new_privs", null, SyscallNumber.Prctl, PrctlNoNewPrivs, 1, 0, 0, 0);
        }

        if (options.Init is { } init)
        {
            InitSteps.Add(steps, process, init.Program, init.IsFirst, process.Terminal, new(
                Main: () =>
                {
                    AddEnd(steps, process, options, unblock: true);
                    AddExecute(steps, process);
                },
                Init: () => AddEnd(steps, process, options, unblock: false)));
            return;
        }

        AddEnd(steps, process, options, unblock: true);
        AddExecute(steps, process);
    }

    /// <summary>The last privileges; nothing but an execve may follow.</summary>
    private static void AddEnd(StepList steps, ProcessPlan process, TailOptions options, bool unblock)
    {
        AddSignals(steps, unblock);

        // Without no_new_privs a filter takes CAP_SYS_ADMIN, so the final capabilities come after it; with it, it goes last and may then forbid all but execve.
        if (!process.NoNewPrivileges)
        {
            AddSeccomp(steps, options.Seccomp);
        }

        AddCapabilities(steps, process.Capabilities);
        if (process.NoNewPrivileges)
        {
            AddSeccomp(steps, options.Seccomp);
        }
    }

    private static void AddIdentity(StepList steps, ProcessPlan process, TailOptions options)
    {
        for (var capability = 0; capability < options.KnownCapabilities; capability++)
        {
            if ((process.Capabilities.Bounding >> capability & 1) == 0 && (options.OwnBounding >> capability & 1) != 0)
            {
                steps.Call("drop a capability from the bounding set", null, SyscallNumber.Prctl, PrctlCapBsetDrop, capability);
            }
        }

        var groups = steps.Allocate<uint>(process.Groups.Length);
        for (var i = 0; i < process.Groups.Length; i++)
        {
            groups[i] = process.Groups[i];
        }

        steps.Call("keep capabilities", null, SyscallNumber.Prctl, PrctlKeepCaps, 1);
        steps.Call("set the supplementary groups", null, SyscallNumber.Setgroups, process.Groups.Length, StepList.Address(groups));
        steps.Call("set the group", process.Gid.ToString(CultureInfo.InvariantCulture), SyscallNumber.Setresgid, process.Gid, process.Gid, process.Gid);
        steps.Call("set the user", process.Uid.ToString(CultureInfo.InvariantCulture), SyscallNumber.Setresuid, process.Uid, process.Uid, process.Uid);
        steps.Call("keep capabilities", null, SyscallNumber.Prctl, PrctlKeepCaps, 0);
        steps.Call("set the umask", null, SyscallNumber.Umask, process.Umask);

        // Leaving user 0 has emptied the effective set, which the filter and what follows need once more.
        AddCapset(steps, options.Available, options.Available, process.Capabilities.Inheritable & options.Available);
    }

    private static void AddCapabilities(StepList steps, CapabilityPlan capabilities)
    {
        AddCapset(steps, capabilities.Effective, capabilities.Permitted, capabilities.Inheritable);
        steps.Call("clear the ambient capabilities", null, SyscallNumber.Prctl, PrctlCapAmbient, AmbientClear, 0, 0, 0).Tolerating(Errno.EINVAL);
        for (var capability = 0; capability < CapabilitySet.Known; capability++)
        {
            if ((capabilities.Ambient >> capability & 1) != 0)
            {
                steps.Call("raise an ambient capability", null, SyscallNumber.Prctl, PrctlCapAmbient, AmbientRaise, capability, 0, 0);
            }
        }
    }

    private static void AddCapset(StepList steps, ulong effective, ulong permitted, ulong inheritable)
    {
        var data = steps.Allocate<Privileges.CapabilityData>(2);
        data[0] = new Privileges.CapabilityData { Effective = (uint)effective, Permitted = (uint)permitted, Inheritable = (uint)inheritable };
        data[1] = new Privileges.CapabilityData { Effective = (uint)(effective >> 32), Permitted = (uint)(permitted >> 32), Inheritable = (uint)(inheritable >> 32) };
        steps.Call("set the capabilities", null, SyscallNumber.Capset, steps.Struct(new Privileges.CapabilityHeader { Version = Privileges.CapabilityVersion }), StepList.Address(data));
    }

    private static void AddSignals(StepList steps, bool unblock)
    {
        // The handlers went at the clone; what is ignored (the .NET runtime ignores SIGPIPE) would stay so across the execve.
        var action = steps.Allocate<byte>(SignalDispositions.ActionSize);
        foreach (var signal in SignalDispositions.Ignored())
        {
            steps.Call("reset a signal", null, SyscallNumber.RtSigaction, signal, StepList.Address(action), 0, SignalDispositions.SetSize);
        }

        if (!unblock)
        {
            return;
        }

        const int setMask = 2;
        steps.Call("unblock the signals", null, SyscallNumber.RtSigprocmask, setMask, StepList.Address(steps.Allocate<ulong>()), 0, SignalDispositions.SetSize);
    }

    private static void AddSeccomp(StepList steps, CompiledSeccomp? filter)
    {
        if (filter is null)
        {
            return;
        }

        const int setModeFilter = 1;
        var instructions = steps.Allocate<BpfInstruction>(filter.Instructions.Length);
        filter.Instructions.CopyTo(new Span<BpfInstruction>(instructions, filter.Instructions.Length));
        var program = new FilterProgram { Length = (ushort)filter.Instructions.Length, Instructions = (nint)instructions };
        steps.Call("install the seccomp filter", null, SyscallNumber.Seccomp, setModeFilter, filter.Flags, steps.Struct(program));
    }

    private static void AddExecute(StepList steps, ProcessPlan process)
    {
        var candidates = process.Candidates();
        var argv = steps.Vector(process.Args);
        var envp = steps.Vector(process.Env);
        for (var i = 0; i < candidates.Count; i++)
        {
            var step = steps.Call(ExecFailure.Step, process.Args[0], SyscallNumber.Execve, steps.TextArgument(candidates[i]), StepList.Address(argv), StepList.Address(envp)).RememberingDenial();
            if (i < candidates.Count - 1)
            {
                step.Tolerating(Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES);
            }
        }
    }

    /// <summary>Looks whether there is something to execute, for a process that is going to wait before it does.</summary>
    public static void AddLookup(StepList steps, ProcessPlan process)
    {
        const int mayExecute = 1;
        var candidates = process.Candidates();
        var found = steps.NewLabel();
        for (var i = 0; i < candidates.Count; i++)
        {
            var step = steps.Call(ExecFailure.Step, process.Args[0], SyscallNumber.Faccessat, OpenFlags.CurrentDirectory, steps.TextArgument(candidates[i]), mayExecute)
                .RememberingDenial().Then(found);
            if (i < candidates.Count - 1)
            {
                step.Tolerating(Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES);
            }
        }

        steps.Mark(found);
    }

    /// <summary>struct sched_attr of linux/sched/types.h, its first version.</summary>
    private struct SchedulerAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }

    /// <summary>struct sock_fprog of linux/filter.h.</summary>
    private struct FilterProgram
    {
        public ushort Length;
        public nint Instructions;
    }
}

/// <summary>What <see cref="ProcessSteps.AddTail"/> has to know beside the process.</summary>
internal sealed record TailOptions
{
    /// <summary>The capabilities that the child has when its privileges are set.</summary>
    public required ulong Available { get; init; }

    public required ulong OwnBounding { get; init; }

    public required int KnownCapabilities { get; init; }

    public CompiledSeccomp? Seccomp { get; init; }

    public int PreservedDescriptors { get; init; }

    public bool DiesWithParent { get; init; }

    public StepRef? AppArmorFile { get; init; }

    /// <summary>Null: the program itself is executed in this process.</summary>
    public InitOptions? Init { get; init; }

    /// <param name="inUserNamespace">A process that entered a user namespace of its own has every capability there.</param>
    public static TailOptions For(bool inUserNamespace)
    {
        var (bounding, known) = Privileges.Bounding();
        var all = known >= 64 ? ulong.MaxValue : (1UL << known) - 1;
        return new TailOptions { Available = inUserNamespace ? all : Privileges.Permitted(), OwnBounding = inUserNamespace ? all : bounding, KnownCapabilities = known };
    }
}

/// <param name="Program">Of <see cref="InitProgram.Create"/>; open until the clone.</param>
/// <param name="IsFirst">The child has a pid namespace of its own.</param>
internal sealed record InitOptions(SafeFileHandle Program, bool IsFirst);
