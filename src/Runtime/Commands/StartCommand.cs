using Berth.Runtime.Launch;
using Berth.Runtime.State;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>start: opens the gate and waits until the program runs.</summary>
internal static class StartCommand
{
    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, [], int.MaxValue, out _);
        var directory = ContainerDirectory.Open(options.Root, CreateCommand.Single(line));
        Start(options, directory, directory.ReadSpec());
        return 0;
    }

    public static void Start(RuntimeOptions options, ContainerDirectory directory, OciSpec spec)
    {
        var record = directory.Read();
        var status = directory.Status(record);
        if (status != "created")
        {
            throw new EngineException(ErrorKind.Conflict, status switch
            {
                "stopped" => "cannot start a container that has stopped",
                "running" or "paused" => "cannot start an already running container",
                _ => $"cannot start a container in the {status} state",
            });
        }

        using var gate = UnixSockets.Connect(directory.GatePath);
        File.Delete(directory.GatePath);
        Follow(options, gate, record!, spec);
        foreach (var failure in Hooks.RunAll(spec.Hooks?.Poststart, directory.State(record!, spec)))
        {
            RuntimeLog.Warning(options, failure);
        }
    }

    /// <summary>Behind the gate the child reports as it did to "create", only that the words of its steps have gone with that process.</summary>
    private static unsafe void Follow(RuntimeOptions options, Microsoft.Win32.SafeHandles.SafeFileHandle gate, ContainerRecord record, OciSpec spec)
    {
        StepReport report;
        var bytes = new Span<byte>(&report, sizeof(StepReport));
        var done = 0;
        for (int count; (count = ByteStreams.Read(gate, bytes[done..])) > 0;)
        {
            done += count;
            if (done < bytes.Length)
            {
                continue;
            }

            done = 0;
            if (report.Kind == StepReportKind.Warning)
            {
                RuntimeLog.Warning(options, ErrnoException.Describe((Errno)report.Value));
                continue;
            }

            var failed = report;
            var step = record.GatedSteps.First(s => s.Index == failed.Step);
            throw ExecFailure.Of(step.What, report.Value, step.IsExecution ? spec.Process!.Args![0] : null, step.IsHook);
        }
    }
}
