using Berth.Client.Engine;
using Berth.Client.Engine.Http;
using Berth.Client.Output;
using Berth.Client.Terminal;
using Berth.Shared.Linux;

namespace Berth.Client.Streams;

/// <summary>Joins our standard streams to a container's over one hijacked connection, until the container's side ends.</summary>
internal sealed class StreamSession(ClientWorld world, HijackedStream stream, bool isTty, bool takesInput, DetachKeys detachKeys)
{
    // Most programs say little: touching pages for more than they say is a good part of a short run's cost.
    private const int FirstBufferSize = 8 * 1024;
    private const int BufferSize = 128 * 1024;

    /// <summary>Copies until the daemon ends the stream.</summary>
    /// <param name="started">Called once input flows and before output is read: the moment to start the container.</param>
    /// <returns>Whether the user detached; the container runs on then.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public bool Run(Action? started = null)
    {
        using var raw = isTty && takesInput && world.Terminal.IsInputTerminal ? world.Terminal.EnterRawMode() : null;
        started?.Invoke();
        if (takesInput)
        {
            new Thread(CopyInput, maxStackSize: 256 * 1024) { IsBackground = true, Name = "stdin" }.Start();
        }

        CopyOutput();
        return detachKeys.Seen;
    }

    private void CopyOutput()
    {
        var buffer = new byte[FirstBufferSize];
        var frames = isTty || stream.IsMultiplexed == false ? null : new FrameDemultiplexer(world.Out, world.Err);
        int count;
        while ((count = ReadOutput(buffer)) > 0)
        {
            if (frames is not null)
            {
                frames.Feed(buffer.AsSpan(0, count));
            }
            else
            {
                world.Out.Write(buffer.AsSpan(0, count));
                world.Out.Flush();
            }

            buffer = count == FirstBufferSize ? new byte[BufferSize] : buffer;
        }
    }

    private int ReadOutput(byte[] buffer)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (ErrnoException reset) when (reset.Errno == Errno.ECONNRESET && detachKeys.Seen)
        {
            return 0; // the daemon dropped us at our own wish, with keys still on their way
        }
    }

    private void CopyInput()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = ReadInput(buffer)) > 0)
            {
                if (isTty)
                {
                    detachKeys.Watch(buffer.AsSpan(0, count));
                }

                stream.Write(buffer.AsSpan(0, count));
            }

            stream.CloseWrite();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The container ended while we were writing; its output and exit code tell the story.
        }
    }

    private int ReadInput(byte[] buffer)
    {
        try
        {
            return ByteStreams.Read(world.Input, buffer);
        }
        catch (ErrnoException ended) when (ended.Errno is Errno.EIO or Errno.EBADF)
        {
            return 0; // a terminal that went away, or stdin closed by whoever started us
        }
    }
}
