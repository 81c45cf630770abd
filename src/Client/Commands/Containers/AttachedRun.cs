using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Streams;
using Berth.Client.Terminal;

namespace Berth.Client.Commands.Containers;

/// <summary>
/// Starts a container with our streams joined to it and waits for its end. The requests for the streams and for the exit code go out
/// together, each on its own connection, and both are answered before the start: no output and no exit is too quick for us.
/// </summary>
internal sealed class AttachedRun(Invocation call, string id)
{
    private const int Refused = 125;

    public required bool IsTty { get; init; }

    public required bool TakesInput { get; init; }

    public required bool ShowsOutput { get; init; }

    public required bool ShowsErrors { get; init; }

    public required bool RemovesItself { get; init; }

    public required bool ProxiesSignals { get; init; }

    public required string? DetachKeysText { get; init; }

    public required DetachKeys DetachKeys { get; init; }

    /// <exception cref="CommandFailedException">Our standard input is no terminal, but the container's is to be one.</exception>
    public static void RefuseInputThatIsNoTerminal(ClientWorld world, bool needsTerminal, int exitCode)
    {
        if (needsTerminal && !world.Terminal.IsInputTerminal)
        {
            throw new CommandFailedException("the input device is not a TTY", exitCode);
        }
    }

    /// <returns>The container's exit code, or 0 when the user detached.</returns>
    public int Run()
    {
        var engine = call.Engine;
        var attaching = engine.BeginHijack(new Query($"/containers/{id}/attach").Add("stream", value: true).Add("stdin", TakesInput)
            .Add("stdout", ShowsOutput).Add("stderr", ShowsErrors).Add("detachKeys", DetachKeysText).ToString());
        var waiting = engine.Begin("POST", $"/containers/{id}/wait?condition={(RemovesItself ? "removed" : "next-exit")}");
        using var stream = attaching.Complete();
        using var exit = waiting.CompleteAccepted();
        using var signals = ProxiesSignals ? new SignalProxy(call.World, id) : null;
        using var resizer = IsTty && call.World.Terminal.Size is { } ? new TerminalResizer(call.World, $"/containers/{id}") : null;
        var detached = new StreamSession(call.World, stream, IsTty, TakesInput, DetachKeys).Run(() => Start(resizer));
        if (detached)
        {
            call.Err.WriteLine("\r\nread escape sequence");
            return 0;
        }

        return ReadExitCode(exit);
    }

    private void Start(TerminalResizer? resizer)
    {
        try
        {
            call.Engine.Do("POST", $"/containers/{id}/start");
        }
        catch (EngineReplyException refused)
        {
            throw StartFailures.Explain(refused);
        }

        resizer?.SendSize();
    }

    private int ReadExitCode(Reply exit)
    {
        var result = exit.ReadJson();
        if (result.At("Error").Text("Message") is { Length: > 0 } problem)
        {
            call.Err.WriteLine($"Error waiting for container: {problem}");
            return Refused;
        }

        return (int)result.Integer("StatusCode");
    }
}
