using System.Globalization;
using System.Text;
using System.Text.Json;
using Berth.Runtime.State;
using Berth.Shared.Errors;

namespace Berth.Runtime.Commands;

/// <summary>state, list, ps: what is known of containers.</summary>
internal static class StateCommand
{
    public static int State(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var directory = ContainerDirectory.Open(options.Root, CreateCommand.Single(CommandLine.Parse(arguments, [], int.MaxValue, out _)));
        var record = directory.Read() ?? throw new EngineException(ErrorKind.NotFound, $"container does not exist: {Path.GetFileName(directory.Path)}");
        StandardOutput.Write(JsonSerializer.Serialize(Describe(directory, record), ListedContainerJson.Default.ListedContainer) + "\n");
        return 0;
    }

    public static int List(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, ["format|f=", "quiet|q"], int.MaxValue, out _);
        var containers = new List<ListedContainer>();
        foreach (var directory in ContainerDirectory.All(options.Root))
        {
            if (directory.Read() is { } record)
            {
                containers.Add(Describe(directory, record));
            }
        }

        StandardOutput.Write((line.Has("quiet") ? "quiet" : line.Value("format") ?? "table") switch
        {
            "quiet" => string.Concat(containers.Select(c => c.Id + "\n")),
            "json" => JsonSerializer.Serialize(containers, ListedContainerJson.Default.ListListedContainer) + "\n",
            "table" => Table(containers),
            var other => throw new EngineException(ErrorKind.InvalidArgument, $"invalid format option \"{other}\": table and json are known"),
        });
        return 0;
    }

    /// <summary>ps: the processes of one container, by the cgroup.</summary>
    public static int Processes(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, ["format|f="], 1, out _);
        var record = ContainerDirectory.Open(options.Root, CreateCommand.Single(line)).Read();
        var pids = record is null ? [] : ContainerDirectory.Cgroup(record)?.Processes() ?? [];
        StandardOutput.Write(line.Value("format") switch
        {
            "json" => $"[{string.Join(',', pids)}]\n",
            null or "table" => "PID     COMMAND\n" + string.Concat(pids.Select(pid => $"{pid,-7} {CommandOf(pid)}\n")),
            var other => throw new EngineException(ErrorKind.InvalidArgument, $"invalid format option \"{other}\": table and json are known"),
        });
        return 0;
    }

    private static string CommandOf(int pid)
        => Shared.Linux.KernelFiles.ReadTextOrNull($"/proc/{pid}/cmdline") is { Length: > 0 } text ? text.Replace('\0', ' ').TrimEnd() : "";

    private static ListedContainer Describe(ContainerDirectory directory, ContainerRecord record)
    {
        var spec = directory.ReadSpec();
        var state = directory.State(record, spec);
        return new ListedContainer
        {
            OciVersion = state.OciVersion,
            Id = state.Id,
            Status = state.Status,
            Pid = state.Pid,
            Bundle = state.Bundle,
            Annotations = state.Annotations,
            Rootfs = Path.GetFullPath(Path.Combine(state.Bundle, spec.Root?.Path ?? "rootfs")),
            Created = record.Created.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            Owner = "",
        };
    }

    private static string Table(List<ListedContainer> containers)
    {
        var text = new StringBuilder();
        string[][] rows =
        [
            ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
            .. containers.Select(c => new[] { c.Id, c.Pid.ToString(CultureInfo.InvariantCulture), c.Status, c.Bundle, c.Created, "root" }),
        ];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                text.Append(i == row.Length - 1 ? row[i] : row[i].PadRight(rows.Max(r => r[i].Length) + 3));
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
