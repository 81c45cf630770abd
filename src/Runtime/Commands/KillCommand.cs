using Berth.Runtime.State;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Runtime.Commands;

/// <summary>kill: a signal for the container's first process, or with --all for every one.</summary>
internal static class KillCommand
{
    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, ["all|a"], int.MaxValue, out _);
        if (line.Operands.Count is not (1 or 2))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "kill takes a container id and a signal");
        }

        var signal = Signals.Parse(line.Operands.Count == 2 ? line.Operands[1] : "TERM");
        var record = ContainerDirectory.Open(options.Root, line.Operands[0]).Read();
        if (line.Has("all") && record is not null)
        {
            SignalAll(record, signal);
            return 0;
        }

        if (record is null || !ContainerDirectory.IsAlive(record))
        {
            throw new EngineException(ErrorKind.Conflict, "container not running");
        }

        // By descriptor, and looked at once more: the number may have gone to another process since.
        using var process = Processes.OpenPid(record.Pid);
        if (!ContainerDirectory.IsAlive(record) || !Processes.TrySignal(process, signal))
        {
            throw new EngineException(ErrorKind.Conflict, "container not running");
        }

        return 0;
    }

    public static void KillAll(ContainerRecord record)
    {
        SafeSignal(record, Signals.Kill);
        ContainerDirectory.Cgroup(record)?.Kill();
    }

    private static void SignalAll(ContainerRecord record, int signal)
    {
        if (ContainerDirectory.Cgroup(record) is not { Exists: true } cgroup)
        {
            SafeSignal(record, signal);
            return;
        }

        if (signal == Signals.Kill)
        {
            cgroup.Kill();
            return;
        }

        foreach (var pid in cgroup.Processes())
        {
            Processes.TrySignal(pid, signal);
        }
    }

    private static void SafeSignal(ContainerRecord record, int signal)
    {
        if (ContainerDirectory.IsAlive(record))
        {
            Processes.TrySignal(record.Pid, signal);
        }
    }
}
