using System.IO.Compression;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Logs;

/// <summary>One file of a log: the current one, or a rotated one, which may be compressed.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private Stream? decompressed;
    private long decompressedAt;

    private LogFile(SafeFileHandle handle, FileIdentity identity, bool isCompressed)
    {
        this.handle = handle;
        Identity = identity;
        IsCompressed = isCompressed;
    }

    /// <summary>Stays the same when the file is renamed.</summary>
    public FileIdentity Identity { get; }

    public bool IsCompressed { get; }

    /// <summary>The size on disk, at this moment.</summary>
    public long Length => RandomAccess.GetLength(handle);

    /// <returns>Null when there is no such file.</returns>
    public static LogFile? TryOpen(string path)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return new LogFile(handle, FileIdentity.Of(handle), path.EndsWith(".gz", StringComparison.Ordinal));
    }

    /// <summary>Reads at an offset of the plain text; 0 at the end. A compressed file is read forwards; going back starts over.</summary>
    public int Read(long offset, Span<byte> buffer)
    {
        if (!IsCompressed)
        {
            return RandomAccess.Read(handle, buffer, offset);
        }

        if (decompressed is null || offset < decompressedAt)
        {
            decompressed?.Dispose();
            decompressed = new GZipStream(new HandleStream(handle), CompressionMode.Decompress);
            decompressedAt = 0;
        }

        while (decompressedAt < offset)
        {
            var skip = decompressed.Read(buffer[..(int)Math.Min(buffer.Length, offset - decompressedAt)]);
            if (skip == 0)
            {
                return 0;
            }

            decompressedAt += skip;
        }

        var read = decompressed.Read(buffer);
        decompressedAt += read;
        return read;
    }

    public void Dispose()
    {
        decompressed?.Dispose();
        handle.Dispose();
    }

    /// <summary>Reads the handle from its start without owning it.</summary>
    private sealed class HandleStream(SafeFileHandle handle) : Stream
    {
        private long position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(handle, buffer, position);
            position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
