using System.Globalization;
using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Runtime.State;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>create: everything up to the program, which then waits for "start".</summary>
internal static class CreateCommand
{
    public static readonly string[] Options =
        ["bundle|b=", "console-socket=", "pid-file=", "preserve-fds=", "no-pivot", "no-new-keyring", "no-subreaper", "keep", "detach|d"];

    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, Options, int.MaxValue, out _);
        var id = Single(line);
        Create(options, line, id, detached: true).Process.Dispose();
        return 0;
    }

    /// <param name="detached">Nobody here is going to carry the terminal's bytes.</param>
    public static (ContainerDirectory Directory, LaunchedContainer Process, OciSpec Spec) Create(RuntimeOptions options, CommandLine line, string id, bool detached)
    {
        if (line.Has("no-new-keyring"))
        {
            throw new EngineException(ErrorKind.NotImplemented, "--no-new-keyring is not supported: the container would hold its caller's keys");
        }

        var bundle = Path.GetFullPath(line.Value("bundle") ?? ".");
        var spec = WithDefaults(ReadSpec(Path.Combine(bundle, "config.json")), id);
        ConsoleSocket.Check(line.Value("console-socket"), spec.Process?.Terminal == true, detached);
        var directory = ContainerDirectory.Create(options.Root, id);
        LaunchedContainer? launched = null;
        try
        {
            directory.SaveSpec(spec);
            launched = ContainerLauncher.Launch(new LaunchRequest
            {
                ContainerId = id,
                Spec = spec,
                BundlePath = bundle,
                Stdio = LaunchStdio.Inherited,
                Gate = new StartGate(directory.GatePath),
                DiesWithParent = false,
                PreservedDescriptors = line.Number("preserve-fds") ?? 0,
                NoPivot = line.Has("no-pivot"),
            });
            foreach (var warning in launched.Warnings)
            {
                RuntimeLog.Warning(options, warning);
            }

            ConsoleSocket.Send(line.Value("console-socket"), launched);
            directory.Save(new ContainerRecord
            {
                Id = id,
                Bundle = bundle,
                Pid = launched.Pid,
                PidStart = ContainerDirectory.Process(launched.Pid)?.Start ?? 0,
                Created = TimeProvider.System.GetUtcNow(),
                CgroupPath = launched.Cgroup?.Path,
                GatedSteps = launched.GatedSteps,
            });
            WritePidFile(line.Value("pid-file"), launched.Pid);
            return (directory, launched, spec);
        }
        catch
        {
            if (launched is not null)
            {
                Processes.TrySignal(launched.PidFd, Signals.Kill);
                Waiting.ForInput(launched.PidFd, TimeSpan.FromSeconds(10));
                launched.Cgroup?.Kill();
                launched.Cgroup?.Destroy(TimeSpan.FromSeconds(5));
                launched.Dispose();
            }

            directory.Remove();
            throw;
        }
    }

    public static void WritePidFile(string? path, int pid)
    {
        if (path is not null)
        {
            // Whole or not at all: callers watch for it.
            var temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.tmp");
            File.WriteAllText(temporary, pid.ToString(CultureInfo.InvariantCulture));
            File.Move(temporary, path, overwrite: true);
        }
    }

    public static string Single(CommandLine line)
        => line.Operands.Count == 1 ? line.Operands[0] : throw new EngineException(ErrorKind.InvalidArgument, "exactly one container id is needed");

    /// <exception cref="EngineException">NotFound; InvalidArgument: not JSON, or not of the right shape.</exception>
    private static OciSpec ReadSpec(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RuntimeSpecJson.Default.OciSpec) ?? throw new JsonException("it is null");
        }
        catch (FileNotFoundException)
        {
            throw new EngineException(ErrorKind.NotFound, $"{path} does not exist");
        }
        catch (JsonException e)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"{path}: {e.Message}");
        }
    }

    /// <summary>A container always has a cgroup, so that it can be limited, frozen and found.</summary>
    private static OciSpec WithDefaults(OciSpec spec, string id)
        => spec.Linux is { } linux && string.IsNullOrEmpty(linux.CgroupsPath) ? spec with { Linux = linux with { CgroupsPath = $"/{id}" } } : spec;
}
