using System.IO.Pipes;

namespace Berth.Client.Archives;

/// <summary>An archive that is made on a thread of its own while it is being sent.</summary>
internal sealed class ArchivePipe : IDisposable
{
    private readonly AnonymousPipeServerStream _reading = new(PipeDirection.In);
    private readonly Thread _writer;
    private Exception? _failure;

    public ArchivePipe(Action<Stream> write)
    {
        _writer = new Thread(() =>
        {
            try
            {
                using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, _reading.ClientSafePipeHandle);
                using var buffered = new BufferedStream(pipe, 1 << 16);
                write(buffered);
            }
            catch (Exception error) // told by Read
            {
                _failure = error;
            }
        })
        { IsBackground = true, Name = "archive" };
        _writer.Start();
    }

    /// <summary>Bytes that were read.</summary>
    public long Count { get; private set; }

    /// <summary>Reads on; 0 at the end.</summary>
    /// <exception cref="IOException">The archive could not be made: what was sent is not whole.</exception>
    public int Read(Span<byte> buffer)
    {
        var read = _reading.Read(buffer);
        if (read == 0)
        {
            _writer.Join();
            if (_failure is not null)
            {
                throw new IOException(_failure.Message, _failure);
            }
        }

        Count += read;
        return read;
    }

    public void Dispose() => _reading.Dispose();
}
