using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth image inspect</c>.</summary>
internal static class ImageInspectCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Show the image of this platform, such as linux/arm64");

    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE [IMAGE...]",
        Summary = "Show everything about images",
        Options = [Format, Platform],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Images,
        Run = static call => Inspection.Run(call, call.Get(Format), name =>
        {
            using var reply = call.Engine.Send("GET", new Query($"/images/{Query.ImagePath(name)}/json").Add("platform", PlatformJson.From(call.Get(Platform))).ToString());
            return reply.ReadBytes();
        }),
    };
}
