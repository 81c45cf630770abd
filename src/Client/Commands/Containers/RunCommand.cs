using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Engine;
using Berth.Client.Streams;
using Berth.Client.Terminal;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth run</c>.</summary>
internal static class RunCommand
{
    private static readonly Switch Detach = Opt.Switch("detach", 'd', "Run in the background and print the container's id");
    private static readonly ValueOption<string> DetachKeysOption = Opt.Text("detach-keys", "Keys that leave the container running and return to the shell");
    private static readonly Switch SigProxy = new("sig-proxy", Opt.NoLetter, "Pass signals on to the container") { Default = true };

    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE [COMMAND] [ARG...]",
        Summary = "Make a container from an image and run it",
        Description = "The image is pulled when the engine lacks it. Options end at the image: what follows is the container's command.\n"
            + "The exit code is that of the container's program; 125 when the engine refused, 126 when the program could not be executed, 127 when it was not found.",
        Examples =
        [
            "berth run --rm -it debian bash # A shell in a fresh Debian, removed afterwards",
            "berth run -d --name web -p 8080:80 nginx # A web server in the background, reachable on port 8080",
            "berth run --rm -v ./site:/site:ro -m 256m busybox ls /site # A directory of yours, read-only, and at most 256 MiB of memory",
            "echo hello | berth run --rm -i busybox cat # Piped input",
        ],
        Options = [.. ContainerOptions.All, Detach, DetachKeysOption, SigProxy],
        Arguments = Arity.AtLeast(1),
        OptionsEndAtFirstArgument = true,
        UsageExitCode = 125,
        Completes = Completes.ImageThenFiles,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var isDetached = call.Get(Detach);
        var request = new ContainerRequest(call, isDetached);
        var detachKeys = DetachKeys.Parse(call.Get(DetachKeysOption));
        AttachedRun.RefuseInputThatIsNoTerminal(call.World, request.AttachesInput && request.IsTty, exitCode: 1);
        var id = ContainerCreation.Create(call, request);
        if (isDetached || !(request.AttachesInput || request.AttachesOutput || request.AttachesError))
        {
            Start(call, id);
            call.Out.WriteLine(id);
            return 0;
        }

        return new AttachedRun(call, id)
        {
            IsTty = request.IsTty,
            TakesInput = request.AttachesInput,
            ShowsOutput = request.AttachesOutput,
            ShowsErrors = request.AttachesError,
            RemovesItself = request.RemovesItself,
            ProxiesSignals = call.Get(SigProxy),
            DetachKeysText = call.Get(DetachKeysOption),
            DetachKeys = detachKeys,
        }.Run();
    }

    private static void Start(Invocation call, string id)
    {
        try
        {
            call.Engine.Do("POST", $"/containers/{id}/start");
        }
        catch (EngineReplyException refused)
        {
            throw StartFailures.Explain(refused);
        }
    }
}
