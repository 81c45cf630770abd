using System.IO.Compression;
using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Linux;

namespace Berth.Runtime.Supervisor;

/// <summary>Compresses rotated logs in a process of its own: this same program, from standard input to standard output.</summary>
internal sealed class SelfCompressor(EventLoop loop) : ILogCompressor
{
    public const string Argument = "--compress";

    public bool IsBusy { get; private set; }

    public void Start(string from, string to, Action<bool> done)
    {
        using var input = File.OpenHandle(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var output = File.OpenHandle(to, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        var process = Spawn.Start("/proc/self/exe", ["berth-runtime", "supervise", Argument], [], stdin: input, stdout: output);
        IsBusy = true;
        EventLoop.Registration? registration = null;
        registration = loop.Register(process.PidFd, EpollEvents.In, _ =>
        {
            if (Processes.TryReap(process.Pid, out var exit))
            {
                registration!.Dispose();
                process.Dispose();
                IsBusy = false;
                done(exit.Code == 0);
            }
        });
    }

    /// <summary>What the process does.</summary>
    public static int Run()
    {
        using var input = new FileStream(new(0, ownsHandle: false), FileAccess.Read, 64 << 10);
        using var output = new FileStream(new(1, ownsHandle: false), FileAccess.Write, 64 << 10);
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            input.CopyTo(gzip);
        }

        output.Flush(flushToDisk: true);
        return 0;
    }
}
