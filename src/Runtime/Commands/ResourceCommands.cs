using System.Text.Json;
using Berth.Runtime.State;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Commands;

/// <summary>pause, resume and update: the commands that act on a container's cgroup.</summary>
internal static class ResourceCommands
{
    private static readonly TimeSpan FreezeLimit = TimeSpan.FromSeconds(10);

    public static int Pause(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        Find(options, arguments, "running", "pause").Freeze(FreezeLimit);
        return 0;
    }

    public static int Resume(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        Find(options, arguments, "paused", "resume").Thaw();
        return 0;
    }

    public static int Update(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(
            arguments,
            [
                "resources|r=", "memory=", "memory-reservation=", "memory-swap=", "cpu-period=", "cpu-quota=", "cpu-burst=", "cpu-share=", "cpuset-cpus=", "cpuset-mems=", "cpu-idle=",
                "pids-limit=", "blkio-weight=",
            ],
            int.MaxValue,
            out _);
        var directory = ContainerDirectory.Open(options.Root, CreateCommand.Single(line));
        var record = directory.Read();
        var cgroup = record is not null && ContainerDirectory.IsAlive(record) ? ContainerDirectory.Cgroup(record) : null;
        if (cgroup is null)
        {
            throw new EngineException(ErrorKind.Conflict, "container not running");
        }

        var resources = line.Value("resources") is { } path ? ReadResources(path) : FromOptions(line);
        foreach (var warning in cgroup.Apply(resources))
        {
            RuntimeLog.Warning(options, warning);
        }

        return 0;
    }

    private static OciResources FromOptions(CommandLine line) => new()
    {
        Memory = new OciMemory { Limit = Long(line, "memory"), Reservation = Long(line, "memory-reservation"), Swap = Long(line, "memory-swap") },
        Cpu = new OciCpu
        {
            Period = (ulong?)Long(line, "cpu-period"),
            Quota = Long(line, "cpu-quota"),
            Burst = (ulong?)Long(line, "cpu-burst"),
            Shares = (ulong?)Long(line, "cpu-share"),
            Cpus = line.Value("cpuset-cpus"),
            Mems = line.Value("cpuset-mems"),
            Idle = Long(line, "cpu-idle"),
        },
        Pids = Long(line, "pids-limit") is { } pids ? new OciPids(pids) : null,
        BlockIo = Long(line, "blkio-weight") is { } weight ? new OciBlockIo { Weight = (ushort)weight } : null,
    };

    private static long? Long(CommandLine line, string name) => line.Value(name) is not { } text ? null
        : long.TryParse(text, out var number) ? number : throw new EngineException(ErrorKind.InvalidArgument, $"--{name}: \"{text}\" is no number");

    private static OciResources ReadResources(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(path == "-" ? ReadStandardInput() : File.ReadAllBytes(path), RuntimeSpecJson.Default.OciResources) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"{path}: {e.Message}");
        }
    }

    private static byte[] ReadStandardInput()
    {
        using var input = new SafeFileHandle(0, ownsHandle: false);
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = ByteStreams.Read(input, buffer)) > 0;)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    private static ICgroup Find(RuntimeOptions options, IReadOnlyList<string> arguments, string status, string verb)
    {
        var directory = ContainerDirectory.Open(options.Root, CreateCommand.Single(CommandLine.Parse(arguments, [], int.MaxValue, out _)));
        var record = directory.Read();
        var now = directory.Status(record);
        return now == status || (verb == "pause" && now == "created")
            ? ContainerDirectory.Cgroup(record!)!
            : throw new EngineException(ErrorKind.Conflict, $"cannot {verb} a container in the {now} state");
    }
}
