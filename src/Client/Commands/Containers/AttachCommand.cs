using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Streams;
using Berth.Client.Terminal;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth attach</c>.</summary>
internal static class AttachCommand
{
    private static readonly Switch NoStdin = Opt.Switch("no-stdin", "Do not pass our standard input to the container");
    private static readonly ValueOption<string> DetachKeysOption = Opt.Text("detach-keys", "Keys that leave the container running and return to the shell");
    private static readonly Switch SigProxy = new("sig-proxy", Opt.NoLetter, "Pass signals on to the container") { Default = true };

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER",
        Summary = "Join our standard streams to a running container",
        Description = "With a terminal, ctrl-p ctrl-q detaches and leaves the container running.",
        Options = [NoStdin, DetachKeysOption, SigProxy],
        Arguments = Arity.Exactly(1),
        Completes = Completes.RunningContainers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var container = call.Engine.GetJson($"/containers/{Query.Segment(call.Arguments[0])}/json");
        var id = container.Text("Id");
        var state = container.At("State");
        if (!state.Flag("Running"))
        {
            throw new CommandFailedException("you cannot attach to a stopped container, start it first");
        }

        if (state.Flag("Paused") || state.Flag("Restarting"))
        {
            throw new CommandFailedException($"you cannot attach to a {(state.Flag("Paused") ? "paused container, unpause it" : "restarting container, wait until it is running")} first");
        }

        var isTty = container.At("Config").Flag("Tty");
        var takesInput = !call.Get(NoStdin) && container.At("Config").Flag("OpenStdin");
        AttachedRun.RefuseInputThatIsNoTerminal(call.World, takesInput && isTty, exitCode: 1);
        var detachKeys = DetachKeys.Parse(call.Get(DetachKeysOption));
        var attaching = call.Engine.BeginHijack(new Query($"/containers/{id}/attach").Add("stream", value: true).Add("stdin", takesInput)
            .Add("stdout", value: true).Add("stderr", value: true).Add("detachKeys", call.Get(DetachKeysOption)).ToString());
        var waiting = call.Engine.Begin("POST", $"/containers/{id}/wait");
        using var stream = attaching.Complete();
        using var exit = waiting.CompleteAccepted();
        using var signals = call.Get(SigProxy) && !isTty ? new SignalProxy(call.World, id) : null;
        using var resizer = isTty && call.World.Terminal.Size is { } ? new TerminalResizer(call.World, $"/containers/{id}") : null;
        resizer?.SendSize();
        if (new StreamSession(call.World, stream, isTty, takesInput, detachKeys).Run())
        {
            call.Err.WriteLine("\r\nread escape sequence");
            return 0;
        }

        return (int)exit.ReadJson().Integer("StatusCode");
    }
}
