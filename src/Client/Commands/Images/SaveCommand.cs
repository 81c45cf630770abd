using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth save</c>.</summary>
internal static class SaveCommand
{
    private static readonly ValueOption<string> OutputFile = new("output", 'o', "Write to this file instead of standard output", static text => text) { Completes = Completes.Files };
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Save only the image of this platform, such as linux/arm64");

    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE [IMAGE...]",
        Summary = "Write images to an archive",
        Examples = ["berth save -o app.tar app:1.0 app:latest # Two names into one file", "berth save app | gzip > app.tar.gz # Through a pipe"],
        Options = [OutputFile, Platform],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Images,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        ArchiveOutput.RequireDestination(call, call.Get(OutputFile), "save");
        var query = new Query("/images/get");
        foreach (var name in call.Arguments)
        {
            query.Add("names", name);
        }

        using var reply = call.Engine.Send("GET", query.Add("platform", PlatformJson.From(call.Get(Platform))).ToString());
        ArchiveOutput.Write(call, reply, call.Get(OutputFile));
        return 0;
    }
}
