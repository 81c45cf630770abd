using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output.Progress;
using Berth.Shared.Linux;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth load</c>.</summary>
internal static class LoadCommand
{
    private static readonly ValueOption<string> Input = new("input", 'i', "Read this file instead of standard input", static text => text) { Completes = Completes.Files };
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Load only the image of this platform, such as linux/arm64");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Do not show progress");

    public static CommandSpec Define() => new()
    {
        Summary = "Load images from an archive",
        Description = "Reads what 'berth save' and 'docker save' write, and archives of the OCI image layout, compressed or not.",
        Examples = ["berth load -i app.tar.gz # From a file", "ssh build cat app.tar | berth load # From a pipe"],
        Options = [Input, Platform, Quiet],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var path = call.Get(Input);
        if (path is null && call.World.Terminal.IsInputTerminal)
        {
            throw new CommandFailedException("requested load from stdin, but stdin is empty");
        }

        using var file = path is null ? null : File.OpenHandle(path);
        var target = new Query("/images/load").Add("quiet", call.Get(Quiet) || !call.World.Terminal.IsOutputTerminal).Add("platform", PlatformJson.From(call.Get(Platform))).ToString();
        using var reply = call.Engine.Upload(target, "application/x-tar", buffer => ByteStreams.Read(file ?? call.World.Input, buffer.Span));
        ProgressPrinter.Follow(reply.ReadJsonValues(), call.Out, call.World.Terminal.IsOutputTerminal, call.World.Terminal);
        return 0;
    }
}
