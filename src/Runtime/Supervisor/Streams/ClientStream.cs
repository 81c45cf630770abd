using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>
/// One attached client. The rule for a slow one: the container does not wait for it. What its socket does not take goes to a <see cref="Spill"/>, up to
/// <see cref="SpillLimit"/>. Beyond that the container waits for a client that still takes something, so that nothing is lost; one that has taken nothing
/// for <see cref="StallLimit"/> is cut off, so that it stops nobody for good. After the container's end a client has <see cref="DrainLimit"/> between two bytes.
/// </summary>
internal sealed class ClientStream : IDisposable
{
    public const long SpillLimit = 1L << 30;

    public static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10), DrainLimit = TimeSpan.FromMinutes(5);

    private const int SocketBuffer = 1 << 20;

    private readonly StdioSession session;
    private readonly SafeFileHandle socket;
    private readonly Spill spill;
    private readonly bool wantsStdout;
    private readonly bool wantsStderr;
    private readonly EventLoop.Registration registration;
    private bool holdsUp;
    private bool stdinOpen;
    private bool stdinPaused = true;
    private bool peerGone;
    private bool finishing;

    public ClientStream(StdioSession session, EventLoop loop, SafeFileHandle socket, bool stdin, bool stdout, bool stderr, Func<string> spillDirectory)
    {
        this.session = session;
        this.socket = socket;
        spill = new Spill(spillDirectory);
        stdinOpen = stdin;
        wantsStdout = stdout;
        wantsStderr = stderr;
        UnixListener.EnlargeSendBuffer(socket, SocketBuffer);
        LastProgress = Environment.TickCount64;
        registration = loop.Register(socket, EpollEvents.HangUp, OnReady);
    }

    /// <summary>The container waits for this client.</summary>
    public bool HoldsUp => holdsUp;

    /// <summary>When the socket last took something, or had nothing to take.</summary>
    public long LastProgress { get; private set; }

    public bool IsGone { get; private set; }

    public bool Wants(OutputKind kind) => kind == OutputKind.Stdout ? wantsStdout : wantsStderr;

    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (IsGone || peerGone)
        {
            return;
        }

        if (!spill.IsEmpty)
        {
            Keep(bytes);
            return;
        }

        LastProgress = Environment.TickCount64;
        var count = NonBlocking.Send(socket, bytes);
        if (count < 0 && count != NonBlocking.WouldBlock)
        {
            OnHangUp();
        }
        else if (count < bytes.Length)
        {
            Keep(bytes[Math.Max(count, 0)..]);
        }
    }

    /// <summary>Begins, stops and resumes the reading of the client's stdin.</summary>
    public void PauseStdin(bool paused)
    {
        stdinPaused = paused;
        Watch();
    }

    /// <summary>No more output will come: closes as soon as all is sent.</summary>
    public void Finish()
    {
        finishing = true;
        if (spill.IsEmpty)
        {
            Drop();
        }
    }

    /// <summary>Cuts the client off, sent or not.</summary>
    public void Drop()
    {
        if (!IsGone)
        {
            IsGone = true;
            Dispose();
            session.ClientGone(this);
        }
    }

    public void Dispose()
    {
        registration.Dispose();
        spill.Dispose();
        if (!socket.IsClosed)
        {
            // In this order the peer sees an end and not a reset, even if its last input was never read.
            UnixListener.Shutdown(socket);
            DiscardInput();
            socket.Dispose();
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        spill.Append(bytes);
        if (!holdsUp && (spill.IsFull || spill.Length > SpillLimit))
        {
            holdsUp = true;
            session.PaceChanged();
        }

        Watch();
    }

    private void OnReady(EpollEvents events)
    {
        if ((events & EpollEvents.Out) != 0 && !IsGone)
        {
            SendKept();
        }

        if ((events & EpollEvents.In) != 0 && !IsGone)
        {
            session.ReadStdin(this, socket);
        }

        if ((events & (EpollEvents.HangUp | EpollEvents.Error)) != 0 && !IsGone && !peerGone)
        {
            OnHangUp();
        }
    }

    private void SendKept()
    {
        var count = spill.SendTo(socket);
        if (count < 0 && count != NonBlocking.WouldBlock)
        {
            OnHangUp();
            return;
        }

        LastProgress = Environment.TickCount64;
        if (holdsUp && !spill.IsFull && spill.Length < SpillLimit / 2)
        {
            holdsUp = false;
            session.PaceChanged();
        }

        if (finishing && spill.IsEmpty)
        {
            Drop();
            return;
        }

        Watch();
    }

    // The peer has closed both ways. What it wrote before is still the container's stdin, so it is read to its end first.
    private void OnHangUp()
    {
        spill.Dispose();
        if (!stdinOpen)
        {
            Drop();
            return;
        }

        peerGone = true;
        if (holdsUp)
        {
            holdsUp = false;
            session.PaceChanged();
        }

        Watch();
    }

    /// <summary>The client's stdin has ended.</summary>
    public void StdinEnded()
    {
        stdinOpen = false;
        if (peerGone)
        {
            Drop();
        }
        else
        {
            Watch();
        }
    }

    private void Watch()
    {
        if (IsGone)
        {
            return;
        }

        // A hang-up is told again and again, also while stdin is paused: once it is known, only input is watched for.
        var wanted = peerGone ? EpollEvents.None : EpollEvents.HangUp;
        wanted |= stdinOpen && !stdinPaused ? EpollEvents.In : EpollEvents.None;
        wanted |= spill.IsEmpty ? EpollEvents.None : EpollEvents.Out;
        registration.Events = wanted;
    }

    private void DiscardInput()
    {
        Span<byte> discarded = stackalloc byte[4096];
        while (NonBlocking.Receive(socket, discarded) > 0)
        {
        }
    }
}
