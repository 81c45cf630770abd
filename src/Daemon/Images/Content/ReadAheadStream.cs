namespace Berth.Daemon.Images.Content;

/// <summary>
/// Reads another stream on a thread of its own, some buffers ahead: unpacking a layer's compression and making its files then run on two processors, as
/// "tar xzf" with its gzip does.
/// </summary>
internal sealed class ReadAheadStream : ReadOnlyStream
{
    private const int BufferCount = 6;
    private const int BufferSize = 256 * 1024;
    private readonly Stream _source;
    private readonly Action<ReadOnlyMemory<byte>> _observe;
    private readonly byte[][] _buffers = new byte[BufferCount][];
    private readonly int[] _lengths = new int[BufferCount];
    private readonly object _changed = new();
    private readonly Thread _thread;
    private int _filled; // counts up; the buffer is the remainder
    private int _taken;
    private bool _ended;
    private bool _stopped;
    private Exception? _failure;
    private int _position;

    /// <param name="source">Read by the other thread until this stream is disposed of, which waits for it.</param>
    /// <param name="observe">Called on the other thread with every piece, in order: the hash, a copy.</param>
    public ReadAheadStream(Stream source, string name, Action<ReadOnlyMemory<byte>> observe)
    {
        (_source, _observe) = (source, observe);
        _thread = new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public override int Read(Span<byte> buffer)
    {
        lock (_changed)
        {
            while (_filled == _taken)
            {
                if (_ended)
                {
                    return _failure is null ? 0 : throw new IOException(_failure.Message, _failure);
                }

                Monitor.Wait(_changed);
            }
        }

        var slot = _taken % BufferCount;
        var count = Math.Min(buffer.Length, _lengths[slot] - _position);
        _buffers[slot].AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        if (_position == _lengths[slot])
        {
            _position = 0;
            lock (_changed)
            {
                _taken++;
                Monitor.PulseAll(_changed);
            }
        }

        return count;
    }

    /// <summary>Reads and drops what is left, so that everything was observed.</summary>
    public void Drain()
    {
        var buffer = new byte[64 * 1024];
        while (Read(buffer) > 0)
        {
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_changed)
            {
                _stopped = true;
                Monitor.PulseAll(_changed);
            }

            _thread.Join();
        }

        base.Dispose(disposing);
    }

    private void Run()
    {
        try
        {
            while (WaitForRoom())
            {
                var slot = _filled % BufferCount;
                var buffer = _buffers[slot] ??= new byte[BufferSize];
                var length = _source.ReadAtLeast(buffer, 1, throwOnEndOfStream: false);
                if (length == 0)
                {
                    break;
                }

                _observe(buffer.AsMemory(0, length));
                lock (_changed)
                {
                    _lengths[slot] = length;
                    _filled++;
                    Monitor.PulseAll(_changed);
                }
            }
        }
        catch (Exception error) // carried to the reading thread, which throws it
        {
            _failure = error;
        }

        lock (_changed)
        {
            _ended = true;
            Monitor.PulseAll(_changed);
        }
    }

    private bool WaitForRoom()
    {
        lock (_changed)
        {
            while (!_stopped && _filled - _taken == BufferCount)
            {
                Monitor.Wait(_changed);
            }

            return !_stopped;
        }
    }
}
