using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Content;

/// <summary>
/// A file that one writer appends to while others already read it: how a layer is unpacked while it is downloaded. Readers block; the bytes they get come
/// from the page cache, and a writer never waits for them.
/// </summary>
internal sealed class GrowingFile(SafeFileHandle file, long length)
{
    private readonly object _changed = new();
    private long _length = length;
    private bool _complete;
    private Exception? _failure;

    public long Length => Volatile.Read(ref _length);

    public void Append(ReadOnlySpan<byte> content)
    {
        RandomAccess.Write(file, content, _length);
        lock (_changed)
        {
            _length += content.Length;
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Nothing more will come.</summary>
    /// <param name="failure">What readers at the end get; null when the file is whole.</param>
    public void Complete(Exception? failure)
    {
        lock (_changed)
        {
            (_complete, _failure) = (true, failure);
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>A reader from the beginning with a descriptor of its own.</summary>
    public Stream OpenRead(CancellationToken ct) => new Reader(this, TreeFiles.Duplicate(file), ct);

    private long WaitBeyond(long position, CancellationToken ct)
    {
        lock (_changed)
        {
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                if (_length > position)
                {
                    return _length;
                }

                if (_complete)
                {
                    return _failure is null ? _length : throw new IOException("the download failed", _failure);
                }

                Monitor.Wait(_changed);
            }
        }
    }

    private void Wake()
    {
        lock (_changed)
        {
            Monitor.PulseAll(_changed);
        }
    }

    private sealed class Reader : ReadOnlyStream
    {
        private readonly GrowingFile _source;
        private readonly SafeFileHandle _handle;
        private readonly CancellationToken _ct;
        private readonly CancellationTokenRegistration _wake;
        private long _position;

        public Reader(GrowingFile source, SafeFileHandle handle, CancellationToken ct)
        {
            (_source, _handle, _ct) = (source, handle, ct);
            _wake = ct.Register(source.Wake);
        }

        public override int Read(Span<byte> buffer)
        {
            var end = _source.WaitBeyond(_position, _ct);
            var read = RandomAccess.Read(_handle, buffer[..(int)Math.Min(buffer.Length, end - _position)], _position);
            _position += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _wake.Dispose();
                _handle.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
