using System.IO.Compression;
using Berth.Daemon.Images.Content;
using Berth.Shared.References;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Archives;

/// <summary>Packs a layer that came unpacked, so that it is kept as registries want it, at a fraction of the space.</summary>
internal sealed class GzipBlobWriter : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly HashingWriter _file;
    private readonly GZipStream _packer;
    private bool _kept;

    public GzipBlobWriter(ContentStore content)
    {
        (_path, _handle) = content.CreateIncoming();
        _file = new HashingWriter(_handle);
        _packer = new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true);
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
        _file.Dispose();
        _handle.Dispose();
        if (!_kept)
        {
            File.Delete(_path);
        }
    }
}
