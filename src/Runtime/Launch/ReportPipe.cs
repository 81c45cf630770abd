using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>The pipe by which a clone child tells how far it has come; its end of file means that the program runs.</summary>
internal sealed class ReportPipe : IDisposable
{
    private readonly SafeFileHandle _read;

    public ReportPipe() => (_read, Write) = FilesAt.Pipe();

    /// <summary>The child's end, open in the parent only until the clone.</summary>
    public SafeFileHandle Write { get; }

    /// <summary>Waits for the child's next word; null when it has executed its program, or ended.</summary>
    public unsafe StepReport? Read()
    {
        StepReport report;
        var bytes = new Span<byte>(&report, sizeof(StepReport));
        var done = 0;
        while (done < bytes.Length)
        {
            var count = ByteStreams.Read(_read, bytes[done..]);
            if (count == 0)
            {
                return null;
            }

            done += count;
        }

        return report;
    }

    public void Dispose()
    {
        _read.Dispose();
        Write.Dispose();
    }
}
