using System.IO.Compression;
using System.Security.Cryptography;
using Berth.Daemon.Images.Content;
using Berth.Shared.Linux;
using Berth.Shared.References;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Archives;

/// <summary>Packs a layer that came unpacked, so that it is kept as registries want it, at a fraction of the space.</summary>
internal sealed class GzipBlobWriter : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly HashingStream _file;
    private readonly GZipStream _packer;
    private bool _kept;

    public GzipBlobWriter(ContentStore content)
    {
        (_path, _handle) = content.CreateIncoming();
        _file = new HashingStream(_handle);
        _packer = new GZipStream(_file, CompressionLevel.Fastest);
    }

    public void Write(ReadOnlyMemory<byte> piece) => _packer.Write(piece.Span);

    /// <summary>Ends the blob and gives it its name.</summary>
    public (Digest Digest, long Size) Keep(ContentStore content)
    {
        _packer.Dispose();
        var digest = Digest.FromHash(_file.Hash.GetHashAndReset());
        content.Commit(_path, digest);
        _kept = true;
        return (digest, _file.Written);
    }

    public void Dispose()
    {
        _packer.Dispose();
        _file.Hash.Dispose();
        _handle.Dispose();
        if (!_kept)
        {
            File.Delete(_path);
        }
    }

    private sealed class HashingStream(SafeFileHandle handle) : Stream
    {
        public IncrementalHash Hash { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Written { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written;

        public override long Position { get => Written; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            TreeFiles.WriteAt(handle, buffer, Written);
            Hash.AppendData(buffer);
            Written += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
