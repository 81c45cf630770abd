using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Runtime.State;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>exec: one more process in a running container.</summary>
internal static class ExecCommand
{
    private static readonly string[] Options =
    [
        "process|p=", "console-socket=", "pid-file=", "detach|d", "tty|t", "env|e=", "cwd=", "user|u=", "additional-gids|g=", "cap|c=", "no-new-privs", "preserve-fds=",
        "ignore-paused", "no-subreaper",
    ];

    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, Options, 1, out var command);
        var directory = ContainerDirectory.Open(options.Root, CreateCommand.Single(line));
        var record = directory.Read();
        var status = directory.Status(record);
        if (status is not ("running" or "created") && !(status == "paused" && line.Has("ignore-paused")))
        {
            throw new EngineException(ErrorKind.Conflict, $"cannot exec in a {status} container");
        }

        var spec = directory.ReadSpec();
        var process = line.Value("process") is { } path ? ReadProcess(path) : Build(line, spec, command);
        var detached = line.Has("detach");
        ConsoleSocket.Check(line.Value("console-socket"), process.Terminal, detached);
        using var containerPidFd = Processes.OpenPid(record!.Pid);
        if (!ContainerDirectory.IsAlive(record))
        {
            throw new EngineException(ErrorKind.Conflict, "cannot exec in a stopped container");
        }

        using var launched = ContainerLauncher.Exec(new ExecLaunch
        {
            Spec = spec,
            ContainerPid = record.Pid,
            ContainerPidFd = containerPidFd,
            Cgroup = ContainerDirectory.Cgroup(record),
            Process = process,
            Stdio = LaunchStdio.Inherited,
            PreservedDescriptors = line.Number("preserve-fds") ?? 0,
            DiesWithParent = false,
        });
        foreach (var warning in launched.Warnings)
        {
            RuntimeLog.Warning(options, warning);
        }

        ConsoleSocket.Send(line.Value("console-socket"), launched);
        CreateCommand.WritePidFile(line.Value("pid-file"), launched.Pid);
        if (detached)
        {
            return 0;
        }

        using var terminal = line.Value("console-socket") is null ? TerminalRelay.Begin(launched.TerminalMaster) : null;
        return Foreground.Wait(launched, terminal);
    }

    private static OciProcess ReadProcess(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RuntimeSpecJson.Default.OciProcess) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"{path}: {e.Message}");
        }
    }

    /// <summary>The container's own process with what the options change.</summary>
    private static OciProcess Build(CommandLine line, OciSpec spec, IReadOnlyList<string> command)
    {
        if (command.Count == 0)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "exec takes a container id and a command, or --process");
        }

        var process = spec.Process!;
        var capabilities = process.Capabilities;
        if (line.Values("cap") is { Count: > 0 } added)
        {
            capabilities = (capabilities ?? new OciCapabilities()) with
            {
                Bounding = With(capabilities?.Bounding, added),
                Effective = With(capabilities?.Effective, added),
                Permitted = With(capabilities?.Permitted, added),
            };
        }

        return process with
        {
            Args = [.. command],
            Env = [.. process.Env ?? [], .. line.Values("env")],
            Cwd = line.Value("cwd") ?? process.Cwd,
            Terminal = line.Has("tty"),
            ConsoleSize = null,
            NoNewPrivileges = process.NoNewPrivileges || line.Has("no-new-privs"),
            User = User(line, process.User),
            Capabilities = capabilities,
        };
    }

    private static string[] With(string[]? set, IReadOnlyList<string> added) => [.. (set ?? []).Union(added, StringComparer.Ordinal)];

    private static OciUser User(CommandLine line, OciUser user)
    {
        if (line.Value("user") is { } text)
        {
            var parts = text.Split(':');
            if (parts.Length > 2 || !parts.All(p => uint.TryParse(p, out _)))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"--user: \"{text}\" is not of the form UID[:GID]");
            }

            user = user with { Uid = uint.Parse(parts[0], null), Gid = parts.Length == 2 ? uint.Parse(parts[1], null) : user.Gid };
        }

        return line.Values("additional-gids") is { Count: > 0 } groups
            ? user with { AdditionalGids = [.. groups.Select(g => uint.TryParse(g, out var gid) ? gid : throw new EngineException(ErrorKind.InvalidArgument, $"--additional-gids: \"{g}\" is no number"))] }
            : user;
    }
}
