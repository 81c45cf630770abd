using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth save</c>.</summary>
internal static class SaveCommand
{
    private const int BufferSize = 256 * 1024;

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
        var path = call.Get(OutputFile);
        if (path is null && call.World.Terminal.IsOutputTerminal)
        {
            throw new CommandFailedException("cowardly refusing to save to a terminal. Use the -o flag or redirect");
        }

        var query = new Query("/images/get");
        foreach (var name in call.Arguments)
        {
            query.Add("names", name);
        }

        using var reply = call.Engine.Send("GET", query.Add("platform", PlatformJson.From(call.Get(Platform))).ToString());
        if (path is null)
        {
            Copy(reply, call.Out);
            return 0;
        }

        // Under another name until it is whole: a broken connection must not leave half an archive that looks like one.
        var unfinished = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = File.OpenHandle(unfinished, FileMode.CreateNew, FileAccess.Write))
            {
                Copy(reply, new DescriptorSink(file));
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        return 0;
    }

    private static void Copy(Reply reply, ByteSink sink)
    {
        var buffer = new byte[BufferSize];
        int count;
        while ((count = reply.Read(buffer)) > 0)
        {
            sink.Write(buffer.AsSpan(0, count));
        }

        sink.Flush();
    }
}
