using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Terminal;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Tests.Kit;

/// <summary>A whole command line, run within the test's process, and what came of it.</summary>
internal sealed record ClientRun(int ExitCode, string Out, string Err)
{
    public static ClientRun Of(ScriptedEngine engine, params string[] words) => Of(engine, new FakeTerminal(), null, words);

    public static ClientRun Of(ScriptedEngine? engine, ITerminal terminal, SafeFileHandle? input, params string[] words)
        => Of(engine, terminal, input, new Dictionary<string, string>(), words);

    public static ClientRun Of(ScriptedEngine? engine, ITerminal terminal, SafeFileHandle? input, Dictionary<string, string> environment, params string[] words)
    {
        var output = new MemorySink();
        var error = new MemorySink();
        var globals = new GlobalOptions(name => environment.GetValueOrDefault(name) ?? (name == "BERTH_HOST" && engine is not null ? "unix://" + engine.SocketPath : null));
        using var ownInput = input is null ? File.OpenHandle("/dev/null") : null;
        using var world = new ClientWorld(() => new EngineClient(globals.ResolveAddress(), globals.ApiVersion))
        {
            Out = output,
            Err = error,
            Input = input ?? ownInput!, // one of the two is there
            Terminal = terminal,
            Environment = environment.GetValueOrDefault,
        };
        var exitCode = new Shell(world, globals).Run(words);
        return new ClientRun(exitCode, output.Text, error.Text);
    }
}
