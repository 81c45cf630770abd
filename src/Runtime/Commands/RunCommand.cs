using Berth.Runtime.Launch;
using Berth.Runtime.State;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>run: create and start; unless detached, also wait, with this process's streams, and delete.</summary>
internal static class RunCommand
{
    public static int Run(RuntimeOptions options, IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, CreateCommand.Options, int.MaxValue, out _);
        var id = CreateCommand.Single(line);
        var detached = line.Has("detach");
        var (directory, process, spec) = CreateCommand.Create(options, line, id, detached);
        using (process)
        {
            using var terminal = detached || line.Value("console-socket") is not null ? null : TerminalRelay.Begin(process.TerminalMaster);
            try
            {
                StartCommand.Start(options, directory, spec);
            }
            catch (LaunchException)
            {
                process.Stop();
                Delete(options, line, directory, spec);
                throw;
            }

            if (detached)
            {
                return 0;
            }

            var code = Foreground.Wait(process, terminal);
            Delete(options, line, directory, spec);
            return code;
        }
    }

    private static void Delete(RuntimeOptions options, CommandLine line, ContainerDirectory directory, OciSpec spec)
    {
        if (!line.Has("keep"))
        {
            DeleteCommand.Remove(options, directory, directory.Read(), spec);
        }
    }
}
