using System.Diagnostics.CodeAnalysis;
using System.Text;
using Berth.Shared.Archives;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>Paths within a layer: bytes, relative to its root, "/" between the components, empty for the root itself.</summary>
internal static class LayerPath
{
    /// <summary>Brings a member's name into that form: no empty components, no ".", and ".." taken back against what stands before it.</summary>
    /// <exception cref="TarFormatException">The name leads out of the root: no real image's does.</exception>
    public static byte[] Clean(ReadOnlySpan<byte> name)
    {
        if (IsClean(name))
        {
            return name.ToArray();
        }

        var components = new List<Range>();
        foreach (var range in name.Split((byte)'/'))
        {
            var component = name[range];
            if (component.SequenceEqual(".."u8))
            {
                if (components.Count == 0)
                {
                    throw new TarFormatException($"the archive's member \"{Encoding.UTF8.GetString(name)}\" would lie outside of the layer");
                }

                components.RemoveAt(components.Count - 1);
            }
            else if (!component.IsEmpty && !component.SequenceEqual("."u8))
            {
                components.Add(range);
            }
        }

        var path = new byte[Math.Max(0, components.Sum(range => range.End.Value - range.Start.Value + 1) - 1)];
        var end = 0;
        foreach (var range in components)
        {
            if (end > 0)
            {
                path[end++] = (byte)'/';
            }

            name[range].CopyTo(path.AsSpan(end));
            end += range.End.Value - range.Start.Value;
        }

        return path;
    }

    public static (byte[] Parent, byte[] Name) Split(ReadOnlySpan<byte> path)
    {
        var slash = path.LastIndexOf((byte)'/');
        return slash < 0 ? ([], path.ToArray()) : (path[..slash].ToArray(), path[(slash + 1)..].ToArray());
    }

    public static byte[] Join(ReadOnlySpan<byte> parent, ReadOnlySpan<byte> name) => parent.IsEmpty ? name.ToArray() : [.. parent, (byte)'/', .. name];

    /// <summary>Whether <paramref name="path"/> lies below <paramref name="directory"/>.</summary>
    public static bool IsBelow(ReadOnlySpan<byte> path, ReadOnlySpan<byte> directory)
        => directory.IsEmpty ? !path.IsEmpty : path.Length > directory.Length && path[directory.Length] == (byte)'/' && path.StartsWith(directory);

    public static string Show(ReadOnlySpan<byte> path) => path.IsEmpty ? "/" : Encoding.UTF8.GetString(path);

    // The common form needs no work: "usr/bin/env".
    private static bool IsClean(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name[0] == (byte)'/' || name[^1] == (byte)'/')
        {
            return false;
        }

        foreach (var range in name.Split((byte)'/'))
        {
            var component = name[range];
            if (component.IsEmpty || component.SequenceEqual("."u8) || component.SequenceEqual(".."u8))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Byte strings as keys, looked up by spans too.</summary>
internal sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static BytesComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = default(HashCode); // seeded per process: an archive can't aim its names at one bucket
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
