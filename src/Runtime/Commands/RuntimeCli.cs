using Berth.Runtime.Launch;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Runtime.Commands;

/// <summary>The command line of an OCI runtime, as containerd's shim, podman and cri-o call one.</summary>
internal static class RuntimeCli
{
    private const string Usage = """
        berth-runtime: makes and controls one container at a time, from an OCI bundle

        Usage: berth-runtime [options] command [arguments]

        Options:
          --root DIR                where the state of containers is kept (/run/berth-runtime)
          --log FILE                append messages there
          --log-format text|json    form of those messages
          --debug                   accepted for callers that pass it
          --version, -v             print the version

        Commands:
          create ID       make a container that waits for start (--bundle, --console-socket, --pid-file, --preserve-fds, --no-pivot)
          start ID        execute the program of a created container
          run ID          create, start, wait and delete (--detach, --keep and those of create)
          state ID        print the state as JSON
          list            print all containers (--format table|json, --quiet)
          kill ID SIGNAL  send a signal (--all)
          delete ID       remove what a stopped container has left (--force)
          exec ID CMD...  execute one more program (--process, --tty, --user, --cwd, --env, --cap, --detach, --console-socket, --pid-file)
          ps ID           list the processes (--format table|json)
          pause ID, resume ID
          update ID       change limits (--resources FILE, --memory, --cpu-quota, --pids-limit, ...)
          spec            write an example config.json (--bundle)
          features        print what this runtime understands

        """;

    public static int Run(IReadOnlyList<string> arguments)
    {
        var options = new RuntimeOptions(RuntimeOptions.DefaultRoot, null, false, false);
        try
        {
            var line = CommandLine.Parse(
                arguments, ["root=", "log=", "log-format=", "log-level=", "debug", "systemd-cgroup", "cgroup-manager=", "rootless=", "criu=", "version|v", "help|h"], 1, out var rest);
            options = new RuntimeOptions(
                Path.GetFullPath(line.Value("root") ?? RuntimeOptions.DefaultRoot), line.Value("log"), line.Value("log-format") == "json", line.Has("debug"));
            if (line.Has("version"))
            {
                StandardOutput.Write($"berth-runtime version {typeof(RuntimeCli).Assembly.GetName().Version!.ToString(3)}\nspec: 1.3.0\n");
                return 0;
            }

            if (line.Has("systemd-cgroup") || line.Value("cgroup-manager") == "systemd")
            {
                throw new EngineException(ErrorKind.NotImplemented, "--systemd-cgroup: cgroups are made directly and not by systemd; configure the caller's cgroup driver as cgroupfs");
            }

            if (line.Has("help") || line.Operands.Count == 0)
            {
                StandardOutput.Write(Usage);
                return line.Has("help") ? 0 : 2;
            }

            if (line.Operands[0] is "create" or "run" or "exec")
            {
                SelfExecution.EnsureProtected(arguments);
            }

            return Dispatch(options, line.Operands[0], rest);
        }
        catch (LaunchException e)
        {
            RuntimeLog.Error(options, e.Message);
            return e.ExitCode;
        }
        catch (Exception e) when (e is EngineException or IOException or UnauthorizedAccessException or TimeoutException)
        {
            RuntimeLog.Error(options, e.Message);
            return 1;
        }
    }

    private static int Dispatch(RuntimeOptions options, string command, IReadOnlyList<string> arguments) => command switch
    {
        "create" => CreateCommand.Run(options, arguments),
        "start" => StartCommand.Run(options, arguments),
        "run" => RunCommand.Run(options, arguments),
        "state" => StateCommand.State(options, arguments),
        "list" => StateCommand.List(options, arguments),
        "ps" => StateCommand.Processes(options, arguments),
        "kill" => KillCommand.Run(options, arguments),
        "delete" => DeleteCommand.Run(options, arguments),
        "exec" => ExecCommand.Run(options, arguments),
        "pause" => ResourceCommands.Pause(options, arguments),
        "resume" => ResourceCommands.Resume(options, arguments),
        "update" => ResourceCommands.Update(options, arguments),
        "spec" => SpecCommand.Run(arguments),
        "features" => FeaturesCommand.Run(),
        _ => throw new EngineException(ErrorKind.InvalidArgument, $"\"{command}\" is no command; see --help"),
    };
}
