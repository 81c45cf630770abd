using System.IO.Compression;
using Berth.Shared.Archives;
using ZstdSharp;

namespace Berth.Daemon.Images.Content;

/// <summary>How a stream is packed; told by its first bytes, since media types are not always true.</summary>
internal enum CompressionKind
{
    None,
    Gzip,
    Zstd,
}

internal static class Compression
{
    private const int WindowLogLimit = 27; // 128 MiB, as zstd's own tools: what a stream may make us keep in memory

    /// <summary>Unpacks in this process; never a program (CVE-2026-41567).</summary>
    /// <param name="packed">Read from its present place on; the returned stream disposes of it.</param>
    /// <exception cref="TarFormatException">Packed in a way that images don't use.</exception>
    public static (Stream Unpacked, CompressionKind Kind) Open(Stream packed)
    {
        var head = new byte[6];
        var length = packed.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsMemory(0, length), packed);
        return head.AsSpan(0, length) switch
        {
            [0x1F, 0x8B, ..] => (new GZipStream(whole, CompressionMode.Decompress), CompressionKind.Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] or [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => (OpenZstd(whole), CompressionKind.Zstd),
            [(byte)'B', (byte)'Z', (byte)'h', ..] => throw new TarFormatException("the archive is packed with bzip2, which is not supported: use gzip, zstd or none"),
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] => throw new TarFormatException("the archive is packed with xz, which is not supported: use gzip, zstd or none"),
            _ => (whole, CompressionKind.None),
        };
    }

    private static DecompressionStream OpenZstd(Stream packed)
    {
        var decompressor = new DecompressionStream(packed, checkEndOfStream: true, leaveOpen: false);
        decompressor.SetParameter(ZstdSharp.Unsafe.ZSTD_dParameter.ZSTD_d_windowLogMax, WindowLogLimit);
        return decompressor;
    }

    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override int Read(Span<byte> buffer)
        {
            if (_prefix.IsEmpty)
            {
                return rest.Read(buffer);
            }

            var count = Math.Min(buffer.Length, _prefix.Length);
            _prefix.Span[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                rest.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
