using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>The writing end of a process's stdin, or of its terminal. Holds at most one write that the process has not taken; more is not to be given.</summary>
internal sealed class StdinFeed : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly EventLoop.Registration registration;
    private readonly Action drained;
    private byte[]? pending;
    private bool closeWhenDrained;
    private bool broken;

    /// <param name="handle">Non-blocking; owned by the feed.</param>
    /// <param name="drained">Called when input may be given again.</param>
    public StdinFeed(EventLoop loop, SafeFileHandle handle, Action drained)
    {
        this.handle = handle;
        this.drained = drained;
        registration = loop.Register(handle, EpollEvents.None, _ => WritePending());
    }

    public bool IsBlocked => pending is not null;

    /// <summary>Only while not <see cref="IsBlocked"/>. Input for a process that reads no more is dropped, as by a closed pipe.</summary>
    public void Write(ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty && !broken && !closeWhenDrained)
        {
            var count = NonBlocking.Write(handle, input);
            if (count == NonBlocking.WouldBlock)
            {
                pending = input.ToArray();
                registration.Events = EpollEvents.Out;
                return;
            }

            broken = count < 0;
            input = input[Math.Max(count, 0)..];
        }
    }

    /// <summary>Ends the process's stdin, after what was given already.</summary>
    public void Close()
    {
        closeWhenDrained = true;
        if (!IsBlocked)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        registration.Dispose();
        handle.Dispose();
        pending = null;
        broken = true;
    }

    private void WritePending()
    {
        var count = NonBlocking.Write(handle, pending);
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        broken |= count < 0;
        pending = broken || count == pending!.Length ? null : pending[count..];
        if (pending is not null)
        {
            return;
        }

        registration.Events = EpollEvents.None;
        if (closeWhenDrained)
        {
            Dispose();
        }

        drained();
    }
}
