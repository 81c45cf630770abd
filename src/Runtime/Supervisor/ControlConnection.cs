using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor;

/// <summary>
/// One connection of a daemon: frames in, frames out. It belongs to the loop until it closes, or its socket is taken over for a stream.
/// </summary>
internal sealed class ControlConnection : IDisposable
{
    private const int ReadSize = 4096;

    /// <summary>Frames that the peer has not read; a daemon so far behind is stuck, and will ask for the state when it comes back.</summary>
    private const int MaxUnsent = 1 << 20;

    private readonly SafeFileHandle socket;
    private readonly EventLoop.Registration registration;
    private readonly Action<ControlConnection, SupervisorFrame, ReadOnlyMemory<byte>> onFrame;
    private readonly Action<ControlConnection> onClosed;
    private byte[] input = new byte[ReadSize];
    private int inputStart;
    private int inputEnd;
    private byte[] output = [];
    private bool takenOver;
    private bool closed;
    private bool closing;

    /// <param name="socket">Owned by the connection, until <see cref="TakeOver"/>.</param>
    /// <param name="onFrame">Called for each request; the payload is valid during the call.</param>
    /// <param name="onClosed">Called once, when the peer has gone or sent nonsense; the connection is disposed then.</param>
    public ControlConnection(
        EventLoop loop, SafeFileHandle socket, Action<ControlConnection, SupervisorFrame, ReadOnlyMemory<byte>> onFrame, Action<ControlConnection> onClosed)
    {
        this.socket = socket;
        this.onFrame = onFrame;
        this.onClosed = onClosed;
        registration = loop.Register(socket, EpollEvents.In, OnReady);
    }

    /// <summary>Gets every event from here on.</summary>
    public bool Watches { get; set; }

    /// <summary>All that was sent has gone out.</summary>
    public bool IsFlushed => output.Length == 0;

    public void Send(byte[] frame)
    {
        if (closed)
        {
            return;
        }

        output = output.Length == 0 ? frame : [.. output, .. frame];
        if (output.Length > MaxUnsent)
        {
            Close();
            return;
        }

        Flush();
    }

    /// <summary>Sends a question in the middle of a request, and waits for the next frame.</summary>
    /// <returns>Its kind; null when the peer has gone.</returns>
    public SupervisorFrame? Ask(byte[] frame)
    {
        Send(frame);
        while (!closed)
        {
            if (TryTakeFrame(out var kind, out _))
            {
                return kind;
            }

            if (input.Length - inputEnd < ReadSize / 2)
            {
                MakeRoom();
            }

            Waiting.ForInput(socket);
            var count = NonBlocking.Receive(socket, input.AsSpan(inputEnd));
            if (count > 0)
            {
                inputEnd += count;
            }
            else if (count != NonBlocking.WouldBlock)
            {
                return null; // the loop finds it closed too, and tidies up
            }
        }

        return null;
    }

    /// <summary>Closes once everything is sent.</summary>
    public void CloseWhenFlushed()
    {
        closing = true;
        if (IsFlushed)
        {
            Close();
        }
    }

    /// <summary>Makes the connection a stream: sends the last frame, and gives the socket away with the bytes that came after the request.</summary>
    public (SafeFileHandle Socket, byte[] Early)? TakeOver(byte[] lastFrame)
    {
        Send(lastFrame);
        if (closed || !IsFlushed) // a few bytes that an idle socket does not take: the peer is gone
        {
            Close();
            return null;
        }

        takenOver = true;
        registration.Dispose();
        var early = input.AsSpan(inputStart, inputEnd - inputStart).ToArray();
        input = [];
        return (socket, early);
    }

    public void Dispose()
    {
        closed = true;
        if (!takenOver)
        {
            registration.Dispose();
            socket.Dispose();
        }
    }

    private void Close()
    {
        if (!closed)
        {
            Dispose();
            onClosed(this);
        }
    }

    private void OnReady(EpollEvents events)
    {
        if ((events & EpollEvents.Out) != 0)
        {
            Flush();
        }

        if (!closed && (events & (EpollEvents.In | EpollEvents.HangUp | EpollEvents.Error)) != 0)
        {
            Receive();
        }
    }

    private void Receive()
    {
        if (input.Length - inputEnd < ReadSize / 2)
        {
            MakeRoom();
        }

        var count = NonBlocking.Receive(socket, input.AsSpan(inputEnd));
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        if (count <= 0)
        {
            Close();
            return;
        }

        inputEnd += count;
        try
        {
            while (!closed && !takenOver && TryTakeFrame(out var kind, out var payload))
            {
                onFrame(this, kind, payload);
            }
        }
        catch (InvalidDataException)
        {
            Close(); // no peer of ours; to answer would be guessing
        }
        catch (ErrnoException)
        {
            Close(); // out of memory or descriptors for this one; the container and the other connections go on
        }

        if (inputStart == inputEnd && input.Length > ReadSize)
        {
            (input, inputStart, inputEnd) = (new byte[ReadSize], 0, 0); // a launch or an exec came through; that was its last large frame
        }
    }

    private bool TryTakeFrame(out SupervisorFrame kind, out ReadOnlyMemory<byte> payload)
    {
        (kind, payload) = (default, default);
        var available = inputEnd - inputStart;
        if (available < SupervisorFrameCodec.HeaderSize)
        {
            return false;
        }

        (kind, var length) = SupervisorFrameCodec.DecodeHeader(input.AsSpan(inputStart));
        if (available < SupervisorFrameCodec.HeaderSize + length)
        {
            return false;
        }

        payload = input.AsMemory(inputStart + SupervisorFrameCodec.HeaderSize, length);
        inputStart += SupervisorFrameCodec.HeaderSize + length;
        return true;
    }

    private void MakeRoom()
    {
        var kept = inputEnd - inputStart;
        var larger = input.Length - kept < ReadSize ? new byte[Math.Max(input.Length * 2, kept + ReadSize)] : input;
        input.AsSpan(inputStart, kept).CopyTo(larger);
        (input, inputStart, inputEnd) = (larger, 0, kept);
    }

    private void Flush()
    {
        var count = output.Length == 0 ? 0 : NonBlocking.Send(socket, output);
        if (count < 0 && count != NonBlocking.WouldBlock)
        {
            output = [];
            Close();
            return;
        }

        output = count < output.Length ? output[Math.Max(count, 0)..] : [];
        registration.Events = IsFlushed ? EpollEvents.In : EpollEvents.In | EpollEvents.Out;
        if (closing && IsFlushed)
        {
            Close();
        }
    }
}
