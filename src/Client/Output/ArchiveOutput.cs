using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Output;

/// <summary>A reply that is an archive, written to a file or to standard output.</summary>
internal static class ArchiveOutput
{
    private const int BufferSize = 256 * 1024;

    /// <exception cref="CommandFailedException">It would go to a terminal.</exception>
    public static void RequireDestination(Invocation call, string? path, string verb)
    {
        if (path is null && call.World.Terminal.IsOutputTerminal)
        {
            throw new CommandFailedException($"cowardly refusing to {verb} to a terminal. Use the -o flag or redirect");
        }
    }

    /// <param name="path">Null: standard output.</param>
    public static void Write(Invocation call, Reply reply, string? path)
    {
        if (path is null)
        {
            Copy(reply, call.Out);
            return;
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
