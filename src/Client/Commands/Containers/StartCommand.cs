using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Terminal;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth start</c>.</summary>
internal static class StartCommand
{
    private static readonly Switch Attach = Opt.Switch("attach", 'a', "Show the container's output and wait for its end");
    private static readonly Switch Interactive = Opt.Switch("interactive", 'i', "Pass our standard input to the container");
    private static readonly ValueOption<string> DetachKeysOption = Opt.Text("detach-keys", "Keys that leave the container running and return to the shell");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Start stopped containers",
        Examples = ["berth start -ai build # Start it again with its output and input here"],
        Options = [Attach, Interactive, DetachKeysOption],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.StoppedContainers,
        Run = static call => call.Get(Attach) || call.Get(Interactive) ? StartAttached(call) : StartAll(call),
    };

    private static int StartAll(Invocation call) => call.ForEachArgument(name =>
    {
        call.Engine.Do("POST", $"/containers/{Query.Segment(name)}/start");
        call.Out.WriteLine(name);
    });

    private static int StartAttached(Invocation call)
    {
        if (call.Arguments.Count > 1)
        {
            throw new CommandFailedException("you cannot start and attach multiple containers at once");
        }

        var container = call.Engine.GetJson($"/containers/{Query.Segment(call.Arguments[0])}/json");
        var config = container.At("Config");
        var takesInput = call.Get(Interactive) && config.Flag("OpenStdin");
        var isTty = config.Flag("Tty");
        AttachedRun.RefuseInputThatIsNoTerminal(call.World, takesInput && isTty, exitCode: 1);
        return new AttachedRun(call, container.Text("Id"))
        {
            IsTty = isTty,
            TakesInput = takesInput,
            ShowsOutput = true,
            ShowsErrors = true,
            RemovesItself = container.At("HostConfig").Flag("AutoRemove"),
            ProxiesSignals = !isTty,
            DetachKeysText = call.Get(DetachKeysOption),
            DetachKeys = DetachKeys.Parse(call.Get(DetachKeysOption)),
        }.Run();
    }
}
