using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>
/// Brings lines to a receiver, on the event loop. The rule for one that does not keep up: in blocking mode the container waits while the receiver still takes
/// something, but not for one that is away, nor for one that has taken nothing for <see cref="StallLimit"/>; then lines wait here, as many as there is room for, and
/// those beyond that are dropped. In non-blocking mode the container never waits. Whatever is lost is counted and told.
/// </summary>
internal sealed class LogSender : IDisposable
{
    /// <summary>The container waits while more than this is queued, in blocking mode.</summary>
    private const int HighWater = 256 << 10;

    /// <summary>In blocking mode: room for what a container's pipes still hold when it is told to wait, however short the lines.</summary>
    private const int BlockingCapacity = 8 << 20;

    private const int BatchSize = 32 << 10, SendsPerTurn = 256;

    public static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10), FinishLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan connectLimit = TimeSpan.FromSeconds(10), firstRetry = TimeSpan.FromSeconds(1), longestRetry = TimeSpan.FromSeconds(30);

    /// <summary>So long without a failure is trouble over, where the receiver does not acknowledge.</summary>
    private static readonly TimeSpan quietLimit = TimeSpan.FromSeconds(30);

    private readonly EventLoop loop;
    private readonly LogReceiver receiver;
    private readonly ILineFormat format;
    private readonly LineQueue queue;
    private readonly Action<string> tell;
    private readonly List<int> messageEnds = [];
    private SafeFileHandle? socket;
    private EventLoop.Registration? registration;
    private EventLoop.LoopTimer? connectTimer;
    private EventLoop.LoopTimer? stallTimer;
    private EventLoop.LoopTimer? finishTimer;
    private byte[] output = [];
    private int outputStart;
    private int outputEnd;
    private int address;
    private bool isConnected;
    private bool isStream;
    private bool isBlocked;
    private bool isStalled;
    private bool holdsUp;
    private bool finishing;
    private bool isClosed;
    private long connectedAt;
    private long lastProgress;
    private TimeSpan retryDelay = firstRetry;
    private bool inTrouble;
    private long lastTrouble;
    private long droppedBefore;

    /// <param name="tell">Takes a sentence about trouble, or about its end.</param>
    public LogSender(EventLoop loop, LogReceiver receiver, ILineFormat format, Action<string> tell)
    {
        this.loop = loop;
        this.receiver = receiver;
        this.format = format;
        this.tell = tell;
        isStream = receiver.Transport is LogTransport.UnixStream or LogTransport.Tcp;
        queue = new LineQueue(receiver.NonBlocking ? (int)Math.Clamp(receiver.BufferBytes, 0, int.MaxValue) : BlockingCapacity);
    }

    public long Dropped { get; private set; }

    public string? LastError { get; private set; }

    public bool HoldsUp => holdsUp;

    public Action? PaceChanged { get; set; }

    /// <summary>Something is still on its way.</summary>
    public bool IsBusy => finishing && !isClosed;

    private bool IsEmpty => queue.Count == 0 && outputEnd == outputStart;

    /// <summary>The first connection, for which the start of the container waits.</summary>
    /// <exception cref="ErrnoException">The receiver is not there.</exception>
    public void Connect()
    {
        var errno = Errno.None;
        for (var attempt = 0; attempt < Math.Max(receiver.Addresses.Length, 1); attempt++)
        {
            errno = TryConnect();
            if (errno == Errno.EINPROGRESS)
            {
                errno = Waiting.ForOutput(socket!, connectLimit) ? ReceiverSockets.TakeError(socket!) : Errno.ETIMEDOUT;
            }

            if (errno == Errno.None)
            {
                Connected();
                return;
            }

            Disconnect();
            address++;
        }

        throw new ErrnoException(errno, "connect", receiver.Name);
    }

    /// <summary>Sends the line, or keeps it, or drops it. Streams want a <see cref="Flush"/> after the last of several.</summary>
    public void Add(in LogLine line)
    {
        if (isBlocked || !isConnected || queue.Count > 0)
        {
            Keep(line);
            return;
        }

        if (!TryFormat(line))
        {
            Flush();
            if (isBlocked || !isConnected || !TryFormat(line))
            {
                Keep(line);
                return;
            }
        }

        if (!isStream)
        {
            Flush();
        }
    }

    /// <summary>Sends what the receiver takes.</summary>
    public void Flush()
    {
        for (var sends = 0; isConnected && FillOutput(); sends++)
        {
            if (sends == SendsPerTurn)
            {
                Block(); // the loop comes back at once; others are served between
                return;
            }

            var count = NonBlocking.Send(socket!, output.AsSpan(outputStart, outputEnd - outputStart));
            if (count >= 0)
            {
                Sent(count);
            }
            else if (count == NonBlocking.WouldBlock)
            {
                Block();
                return;
            }
            else if (!RecoverFrom((Errno)(-count)))
            {
                return;
            }
        }

        if (isConnected && isBlocked)
        {
            isBlocked = false;
            registration!.Events = isStream ? EpollEvents.In : EpollEvents.None;
        }

        EndTrouble();
        UpdatePace();
        CloseIfFinished();
    }

    /// <summary>Nothing more comes: closes when all is sent, or after <see cref="FinishLimit"/>.</summary>
    public void Finish()
    {
        finishing = true;
        UpdatePace();
        if (IsEmpty)
        {
            Close();
            return;
        }

        finishTimer = loop.After(FinishLimit, () =>
        {
            Dropped += queue.Count + messageEnds.Count;
            Trouble($"{receiver.Name} did not take the last {queue.Count + messageEnds.Count} lines in time");
            Close();
        });
        if (!isConnected)
        {
            Reconnect();
        }
    }

    public void Dispose() => Close();

    private void Close()
    {
        isClosed = true;
        finishTimer?.Dispose();
        stallTimer?.Dispose();
        connectTimer?.Dispose();
        connectTimer = null;
        Disconnect();
        queue.Dispose();
        outputStart = outputEnd = 0;
        messageEnds.Clear();
    }

    private void CloseIfFinished()
    {
        if (finishing && IsEmpty)
        {
            Close();
        }
    }

    private void Keep(in LogLine line)
    {
        if (!queue.TryAdd(line))
        {
            Dropped++;
            Trouble($"{receiver.Name} does not keep up; lines that don't fit into the buffer are dropped");
        }

        UpdatePace();
    }

    /// <summary>Puts a line after those that wait in the output; false: there is no room for it.</summary>
    private bool TryFormat(in LogLine line)
    {
        var most = format.MaxLength(line.Text.Length);
        if (outputEnd > 0 && (!isStream || output.Length - outputEnd < most))
        {
            return false;
        }

        if (output.Length < most)
        {
            output = new byte[Math.Max(isStream ? BatchSize : 0, Math.Max(most, format.MaxLength(1024)))];
        }

        var length = format.Write(output.AsSpan(outputEnd), line);
        if (length > 0)
        {
            outputEnd += length;
            messageEnds.Add(outputEnd);
        }

        return true;
    }

    private bool FillOutput()
    {
        while (queue.Count > 0 && TryFormat(queue.Peek()))
        {
            queue.Remove();
        }

        return outputEnd > outputStart;
    }

    private void Sent(int count)
    {
        isStalled = false;
        lastProgress = Environment.TickCount64;
        outputStart = isStream ? outputStart + count : outputEnd; // a datagram goes whole
        if (outputStart == outputEnd)
        {
            outputStart = outputEnd = 0;
            messageEnds.Clear();
        }
    }

    /// <returns>False: nothing can be sent for now.</returns>
    private bool RecoverFrom(Errno errno)
    {
        if (receiver.Transport == LogTransport.Udp || (!isStream && errno is Errno.EMSGSIZE or Errno.ENOBUFS))
        {
            // Refused is the answer to an earlier datagram, which is lost; this one was not sent, and can be. With any other error this one is lost.
            Dropped++;
            if (errno != Errno.ECONNREFUSED)
            {
                Sent(outputEnd - outputStart);
            }

            Trouble($"{receiver.Name}: {ErrnoException.Describe(errno)}; lines sent there are lost");
            return true;
        }

        // One that has just accepted the connection gets time, so that the two don't go in circles.
        if (Environment.TickCount64 - connectedAt < firstRetry.TotalMilliseconds)
        {
            Decided(errno);
            return false;
        }

        Disconnect();
        retryDelay = firstRetry;
        Reconnect();
        return isConnected;
    }

    private void Block()
    {
        isBlocked = true;
        registration!.Events = isStream ? EpollEvents.In | EpollEvents.Out : EpollEvents.Out;
        UpdatePace();
    }

    private void Reconnect()
    {
        connectTimer?.Dispose();
        connectTimer = null;
        var errno = TryConnect();
        switch (errno)
        {
            case Errno.None:
                Connected();
                break;
            case Errno.EINPROGRESS:
                registration = loop.Register(socket!, EpollEvents.Out, _ => Decided(ReceiverSockets.TakeError(socket!)));
                connectTimer = loop.After(connectLimit, () => Decided(Errno.ETIMEDOUT));
                break;
            default:
                Decided(errno);
                break;
        }
    }

    private void Decided(Errno errno)
    {
        connectTimer?.Dispose();
        connectTimer = null;
        if (errno == Errno.None)
        {
            registration?.Dispose();
            Connected();
            Flush();
            return;
        }

        Disconnect();
        address++;
        Trouble($"{receiver.Name}: {ErrnoException.Describe(errno)}; lines wait until it is back, and are dropped when the buffer is full");
        connectTimer = loop.After(retryDelay, () =>
        {
            Reconnect();
            if (isConnected)
            {
                Flush();
            }
        });
        retryDelay = retryDelay * 2 < longestRetry ? retryDelay * 2 : longestRetry;
        UpdatePace();
    }

    private Errno TryConnect()
    {
        switch (receiver.Transport)
        {
            case LogTransport.Udp or LogTransport.Tcp:
                return ReceiverSockets.TryConnect(receiver.Addresses[address % receiver.Addresses.Length], receiver.Port, isStream, out socket);
            case LogTransport.UnixEither:
                isStream = false;
                var errno = ReceiverSockets.TryConnect(receiver.Path!, stream: false, out socket);
                isStream = errno == Errno.EPROTOTYPE;
                return isStream ? ReceiverSockets.TryConnect(receiver.Path!, stream: true, out socket) : errno;
            default:
                return ReceiverSockets.TryConnect(receiver.Path!, isStream, out socket);
        }
    }

    private void Connected()
    {
        isConnected = true;
        isBlocked = isStalled = false;
        connectedAt = Environment.TickCount64;
        registration = loop.Register(socket!, isStream ? EpollEvents.In : EpollEvents.None, OnReady);
    }

    private void OnReady(EpollEvents events)
    {
        if (isStream && (events & (EpollEvents.In | EpollEvents.HangUp | EpollEvents.Error)) != 0 && HasGone())
        {
            RecoverFrom(Errno.ECONNRESET);
        }

        if (isConnected)
        {
            Flush();
        }
    }

    // A syslog says nothing: what it sends is dropped, and its end is the connection's.
    private bool HasGone()
    {
        Span<byte> ignored = stackalloc byte[512];
        var count = NonBlocking.Receive(socket!, ignored);
        return count <= 0 && count != NonBlocking.WouldBlock;
    }

    private void Disconnect()
    {
        registration?.Dispose();
        registration = null;
        socket?.Dispose();
        socket = null;
        isConnected = isBlocked = false;

        // What was cut off in its middle goes again from its beginning; what went whole does not.
        var sent = messageEnds.FindLastIndex(end => end <= outputStart);
        outputStart = sent < 0 ? 0 : messageEnds[sent];
        messageEnds.RemoveRange(0, sent + 1);
    }

    private void UpdatePace()
    {
        var wait = !receiver.NonBlocking && isConnected && isBlocked && !isStalled && !finishing && queue.Bytes > HighWater;
        if (wait == holdsUp)
        {
            return;
        }

        holdsUp = wait;
        stallTimer?.Dispose();
        stallTimer = wait ? loop.After(StallLimit, CheckStall) : null;
        PaceChanged?.Invoke();
    }

    private void CheckStall()
    {
        stallTimer = null;
        if (Environment.TickCount64 - lastProgress < StallLimit.TotalMilliseconds)
        {
            stallTimer = loop.After(StallLimit, CheckStall);
            return;
        }

        isStalled = true;
        Trouble($"{receiver.Name} takes nothing; the container goes on, and lines that don't fit into the buffer are dropped");
        UpdatePace();
    }

    private void Trouble(string message)
    {
        LastError = message;
        lastTrouble = Environment.TickCount64;
        if (!inTrouble)
        {
            inTrouble = true;
            tell(message);
        }
    }

    private void EndTrouble()
    {
        if (!inTrouble || !isConnected || !IsEmpty || (receiver.Transport == LogTransport.Udp && Environment.TickCount64 - lastTrouble < quietLimit.TotalMilliseconds))
        {
            return;
        }

        inTrouble = false;
        tell($"{receiver.Name} takes lines again; {Dropped - droppedBefore} were dropped");
        droppedBefore = Dropped;
    }
}
