using System.Buffers.Binary;
using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>
/// The stdio of one process, the container's or an exec's, and the clients attached to it. Clients may come before the process and stay after it.
/// </summary>
/// <param name="spillDirectory">Where what slow clients have not taken is kept; asked for when it is first needed.</param>
/// <param name="idle">Called when the process has stopped and the last client has gone; perhaps more than once.</param>
internal sealed class StdioSession(EventLoop loop, Func<string> spillDirectory, Action idle) : IDisposable
{
    private const int FrameHeader = 8;

    /// <summary>Of a process's output; more than the default 64 KiB, so that a busy process and this one change places less often.</summary>
    private const int PipeSize = 256 << 10;
    private const int ReadSize = 128 << 10;
    private const int StdinReadSize = 16 << 10;
    private static readonly TimeSpan stallCheck = TimeSpan.FromSeconds(1);

    // One for all sessions: there is one thread, and what was read is passed on before the next read. The frame's header goes in front.
    // Made when first needed: a container that says nothing costs nothing.
    private static byte[]? sharedBuffer;

    private readonly List<ClientStream> clients = [];
    private readonly List<OutputPump> pumps = [];
    private readonly List<byte[]> earlyInput = [];
    private StdinFeed? stdin;
    private SafeFileHandle? terminal;
    private IContainerLog? log;
    private EventLoop.LoopTimer? stallTimer;
    private bool framed;
    private bool stdinOnce;
    private bool started;
    private bool stopped;
    private bool paused;

    public Span<byte> ReadBuffer => Buffer.AsSpan(FrameHeader);

    private static byte[] Buffer => sharedBuffer ??= new byte[FrameHeader + ReadSize];

    public bool HasTerminal => terminal is not null;

    public bool HasClients => clients.Count > 0;

    /// <summary>Connects the process's side.</summary>
    /// <param name="process">Its handles; owned by the session from here on.</param>
    /// <param name="log">Null: not logged. Owned by the caller.</param>
    /// <param name="stdinOnce">The first client that ends its stdin ends the process's.</param>
    public void Start(ProcessStdio process, IContainerLog? log, bool stdinOnce)
    {
        this.log = log;
        log?.PaceChanged = PaceChanged;
        this.stdinOnce = stdinOnce && process.Terminal is null; // a terminal has no end; closing it would hang up
        terminal = process.Terminal;
        framed = terminal is null;
        started = true;
        if (terminal is not null)
        {
            pumps.Add(new OutputPump(this, loop, OutputKind.Stdout, Descriptors.Duplicate(terminal)));
            stdin = new StdinFeed(loop, Descriptors.Duplicate(terminal), ResumeStdin);
        }
        else
        {
            AddPump(OutputKind.Stdout, process.Stdout);
            AddPump(OutputKind.Stderr, process.Stderr);
            stdin = process.Stdin is null ? null : new StdinFeed(loop, process.Stdin, ResumeStdin);
        }

        ResumeStdin();
    }

    /// <param name="early">What the client sent in one piece with its request: the beginning of stdin.</param>
    /// <param name="unfinishedLines">Begin with the output that is not in the log yet.</param>
    public void Attach(SafeFileHandle socket, bool withStdin, bool stdout, bool stderr, ReadOnlySpan<byte> early, bool unfinishedLines = false)
    {
        // A terminal has one stream: whoever wants either gets it.
        var client = new ClientStream(this, loop, socket, withStdin, stdout, stderr, spillDirectory);
        clients.Add(client);
        if (unfinishedLines && log is not null)
        {
            SendUnfinished(client, OutputKind.Stdout);
            SendUnfinished(client, OutputKind.Stderr);
        }

        if (withStdin && !early.IsEmpty)
        {
            earlyInput.Add(early.ToArray());
        }

        ResumeStdin();
        if (stopped)
        {
            client.Finish();
        }
    }

    /// <exception cref="ErrnoException">EINVAL: there is no terminal.</exception>
    public void Resize(int rows, int columns)
    {
        if (terminal is null)
        {
            throw new ErrnoException(Errno.EINVAL, "resize", "a process without a terminal");
        }

        Terminals.SetSize(terminal.Fd(), new WindowSize((ushort)Math.Clamp(rows, 0, ushort.MaxValue), (ushort)Math.Clamp(columns, 0, ushort.MaxValue)));
    }

    public void CloseStdin()
    {
        if (terminal is null)
        {
            stdin?.Close();
        }
    }

    /// <summary>The process has ended: takes what it left in its pipes, and closes each client once that is sent. Then idle is called.</summary>
    public void Stop()
    {
        stopped = true; // from here on nobody makes the pumps wait
        foreach (var pump in pumps)
        {
            pump.Finish();
        }

        stdin?.Dispose();
        stdin = null;
        terminal?.Dispose();
        terminal = null;
        foreach (var client in clients.ToArray())
        {
            client.Finish();
        }

        if (HasClients)
        {
            WatchForStalls();
        }
        else
        {
            idle();
        }
    }

    public void Dispose()
    {
        stallTimer?.Dispose();
        foreach (var client in clients.ToArray())
        {
            client.Dispose();
        }
    }

    internal void Deliver(OutputKind kind, int count)
    {
        var output = Buffer.AsSpan(FrameHeader, count);
        log?.Write(kind, output, TimeProvider.System.GetUtcNow());
        if (clients.Count == 0)
        {
            return;
        }

        var wire = framed ? Frame(kind, count) : output;
        for (var i = clients.Count - 1; i >= 0; i--)
        {
            if (clients[i].Wants(kind) || !framed)
            {
                clients[i].Send(wire);
            }
        }
    }

    internal void OutputEnded(OutputKind kind) => log?.End(kind, TimeProvider.System.GetUtcNow());

    internal void ReadStdin(ClientStream client, SafeFileHandle socket)
    {
        if (stdin is { IsBlocked: true })
        {
            return; // another client's input came first in this turn
        }

        Span<byte> input = stackalloc byte[StdinReadSize];
        var count = NonBlocking.Receive(socket, input);
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        if (count <= 0)
        {
            client.StdinEnded();
            if (stdinOnce)
            {
                stdin?.Close();
            }

            return;
        }

        stdin?.Write(input[..count]);
        if (stdin is { IsBlocked: true })
        {
            PauseStdin(true);
        }
    }

    internal void ClientGone(ClientStream client)
    {
        clients.Remove(client);
        PaceChanged();
        if (stopped && !HasClients)
        {
            stallTimer?.Dispose();
            idle();
        }
    }

    /// <summary>The process waits while a client or the log holds it up.</summary>
    internal void PaceChanged()
    {
        var wait = log is { HoldsUp: true } || clients.Exists(client => client.HoldsUp);
        if (wait == paused || stopped)
        {
            return;
        }

        paused = wait;
        foreach (var pump in pumps)
        {
            pump.Pause(paused);
        }

        if (paused)
        {
            WatchForStalls();
        }
    }

    private void AddPump(OutputKind kind, SafeFileHandle? handle)
    {
        if (handle is not null)
        {
            Descriptors.EnlargePipe(handle, PipeSize);
            pumps.Add(new OutputPump(this, loop, kind, handle));
        }
    }

    private static Span<byte> Frame(OutputKind kind, int count)
    {
        WriteHeader(Buffer, kind, count);
        return Buffer.AsSpan(0, FrameHeader + count);
    }

    private static void WriteHeader(Span<byte> to, OutputKind kind, int count)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, (uint)kind << 24);
        BinaryPrimitives.WriteInt32BigEndian(to[4..], count);
    }

    private void SendUnfinished(ClientStream client, OutputKind kind)
    {
        var text = log!.Unfinished(kind);
        if (text.IsEmpty || !(client.Wants(kind) || !framed))
        {
            return;
        }

        if (framed)
        {
            Span<byte> header = stackalloc byte[FrameHeader];
            WriteHeader(header, kind, text.Length);
            client.Send(header);
        }

        client.Send(text);
    }

    private void PauseStdin(bool pause)
    {
        foreach (var client in clients)
        {
            client.PauseStdin(pause);
        }
    }

    // Before the start input waits in the sockets; afterwards it is read, even if only to be dropped, since its end matters.
    private void ResumeStdin()
    {
        if (!started)
        {
            return;
        }

        while (earlyInput.Count > 0 && stdin is not { IsBlocked: true })
        {
            stdin?.Write(earlyInput[0]);
            earlyInput.RemoveAt(0);
        }

        PauseStdin(stdin is { IsBlocked: true });
    }

    private void WatchForStalls()
    {
        stallTimer?.Dispose();
        stallTimer = paused || stopped ? loop.After(stallCheck, CutStalled) : null;
    }

    private void CutStalled()
    {
        stallTimer = null;
        var limit = (stopped ? ClientStream.DrainLimit : ClientStream.StallLimit).TotalMilliseconds;
        foreach (var client in clients.ToArray())
        {
            if ((stopped || client.HoldsUp) && Environment.TickCount64 - client.LastProgress > limit)
            {
                client.Drop();
            }
        }

        if (HasClients)
        {
            WatchForStalls();
        }
    }
}
