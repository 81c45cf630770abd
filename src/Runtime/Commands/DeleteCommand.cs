using Berth.Runtime.Launch;
using Berth.Runtime.State;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>delete: what a stopped container has left; with --force, one that runs as well.</summary>
internal static class DeleteCommand
{
    private static readonly TimeSpan EndOfProcesses = TimeSpan.FromSeconds(10);

    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, ["force|f"], int.MaxValue, out _);
        var id = CreateCommand.Single(line);
        ContainerDirectory directory;
        try
        {
            directory = ContainerDirectory.Open(options.Root, id);
        }
        catch (EngineException e) when (e.Kind == ErrorKind.NotFound && line.Has("force"))
        {
            return 0;
        }

        var record = directory.Read();
        var status = directory.Status(record);
        if (status is not "stopped" && !line.Has("force"))
        {
            // A created one has run nothing of the user's yet: other runtimes let it be deleted too.
            if (status != "created")
            {
                throw new EngineException(ErrorKind.Conflict, $"cannot delete container {id} that is not stopped: {status}");
            }
        }

        if (record is not null && status is not "stopped")
        {
            KillCommand.KillAll(record);
        }

        Remove(options, directory, record, record is null ? null : directory.ReadSpec());
        return 0;
    }

    public static void Remove(RuntimeOptions options, ContainerDirectory directory, ContainerRecord? record, OciSpec? spec)
    {
        if (record is not null && ContainerDirectory.Cgroup(record) is { } cgroup)
        {
            cgroup.Kill();
            cgroup.Destroy(EndOfProcesses);
        }

        if (record is not null && spec is not null)
        {
            foreach (var failure in Hooks.RunAll(spec.Hooks?.Poststop, directory.State(record, spec) with { Status = "stopped", Pid = 0 }))
            {
                RuntimeLog.Warning(options, failure);
            }
        }

        directory.Remove();
    }
}
