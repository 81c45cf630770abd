using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output.Progress;
using Berth.Shared.Linux;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth import</c>.</summary>
internal static class ImportCommand
{
    private static readonly ListOption Change = Opt.List("change", 'c', "Set something of the image by a line of a Dockerfile, such as 'CMD [\"sh\"]'");
    private static readonly ValueOption<string> Message = Opt.Text("message", 'm', "Remark to keep in the image's history");
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "The image's platform, such as linux/arm64");

    public static CommandSpec Define() => new()
    {
        Operands = "FILE|URL|- [REPOSITORY[:TAG]]",
        Summary = "Make an image from an archive of a root filesystem",
        Examples = ["tar -C rootfs -c . | berth import -c 'CMD [\"/bin/sh\"]' - mine # From a directory"],
        Options = [Change, Message, Platform],
        Arguments = Arity.Between(1, 2),
        Completes = Completes.Files,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var source = call.Arguments[0];
        var isUrl = source.StartsWith("http://", StringComparison.Ordinal) || source.StartsWith("https://", StringComparison.Ordinal);
        var query = new Query("/images/create").Add("fromSrc", isUrl ? source : "-").Add("message", call.Get(Message)).Add("platform", call.Get(Platform));
        if (call.Arguments.Count == 2)
        {
            var name = ImageNames.Parse(call.Arguments[1]);
            query.Add("repo", name.Name).Add("tag", name.Tag);
        }

        foreach (var change in call.Get(Change))
        {
            query.Add("changes", change);
        }

        using var file = isUrl || source == "-" ? null : File.OpenHandle(source);
        using var reply = isUrl
            ? call.Engine.Send("POST", query.ToString())
            : call.Engine.Upload(query.ToString(), "application/x-tar", buffer => ByteStreams.Read(file ?? call.World.Input, buffer.Span));
        ProgressPrinter.Follow(reply.ReadJsonValues(), call.Out, call.World.Terminal.IsOutputTerminal, call.World.Terminal);
        return 0;
    }
}
