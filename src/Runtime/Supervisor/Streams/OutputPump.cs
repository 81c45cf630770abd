using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>The reading end of one output stream of a process, or of its terminal.</summary>
internal sealed class OutputPump : IDisposable
{
    /// <summary>Reads per turn, so that one stream does not keep the loop to itself.</summary>
    private const int ReadsPerTurn = 4;

    private readonly StdioSession session;
    private readonly OutputKind kind;
    private readonly SafeFileHandle handle;
    private readonly EventLoop.Registration registration;
    private bool paused;

    /// <param name="handle">Non-blocking; owned by the pump.</param>
    public OutputPump(StdioSession session, EventLoop loop, OutputKind kind, SafeFileHandle handle)
    {
        this.session = session;
        this.kind = kind;
        this.handle = handle;
        registration = loop.Register(handle, EpollEvents.In, _ => Read(ReadsPerTurn));
    }

    public bool Ended { get; private set; }

    public void Pause(bool paused)
    {
        this.paused = paused;
        if (!Ended)
        {
            registration.Events = paused ? EpollEvents.None : EpollEvents.In;
        }
    }

    /// <summary>Reads what is there, after the process's end, and closes: others that hold the pipe open are not waited for.</summary>
    public void Finish()
    {
        paused = false;

        // A pipe holds a megabyte at most; a stranger who writes on without end is cut here.
        Read(int.MaxValue, most: 4 << 20);
        End();
    }

    public void Dispose() => End();

    private void Read(int reads, long most = long.MaxValue)
    {
        for (long total = 0; reads > 0 && total < most && !Ended && !paused; reads--)
        {
            var count = NonBlocking.Read(handle, session.ReadBuffer);
            if (count == NonBlocking.WouldBlock)
            {
                return;
            }

            if (count <= 0) // the end, or EIO: a terminal that nobody has open any more
            {
                End();
                return;
            }

            total += count;
            session.Deliver(kind, count);
        }
    }

    private void End()
    {
        if (!Ended)
        {
            Ended = true;
            registration.Dispose();
            handle.Dispose();
            session.OutputEnded(kind);
        }
    }
}
