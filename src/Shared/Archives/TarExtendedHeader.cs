using System.Text;

namespace Berth.Shared.Archives;

/// <summary>
/// What pax records and GNU's long names say of the next member, in place of its own header; POSIX pax, "pax Extended Header", and the GNU tar manual,
/// "Storing Sparse Files". Values stay bytes: extended attributes are binary.
/// </summary>
internal sealed class TarExtendedHeader
{
    private const int MaximumPath = 4095;
    private const int MaximumAttributeName = 255;
    private const int MaximumAttributeValue = 65536;
    private const int MaximumSegments = 1 << 20;

    private readonly List<(byte[] Name, byte[] Value)> _attributes = [];
    private List<long>? _sparseMap; // offset and length by turns

    public byte[]? Name { get; set; }

    public byte[]? LinkTarget { get; set; }

    public long? Size { get; private set; }

    public long? Uid { get; private set; }

    public long? Gid { get; private set; }

    public (long Seconds, uint Nanoseconds)? Modified { get; private set; }

    public (long Seconds, uint Nanoseconds)? Accessed { get; private set; }

    public byte[]? SparseName { get; private set; }

    /// <summary>A sparse file's size with its holes.</summary>
    public long? SparseSize { get; private set; }

    /// <summary>Format 1.0: the map stands before the content.</summary>
    public bool SparseMapInContent { get; private set; }

    public IReadOnlyList<long>? SparseMap => _sparseMap;

    public IReadOnlyList<(byte[] Name, byte[] Value)> Attributes => _attributes;

    /// <summary>Takes all records of a pax header's content: "length key=value\n" each.</summary>
    /// <exception cref="TarFormatException">Not in that form.</exception>
    public void ReadRecords(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            var space = records.IndexOf((byte)' ');
            var length = space is > 0 and <= 10 ? TarNumbers.ParseDecimal(records[..space]) : throw Malformed();
            if (length <= space + 1 || length > records.Length || records[(int)length - 1] != (byte)'\n')
            {
                throw Malformed();
            }

            var record = records[(space + 1)..((int)length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw Malformed();
            }

            Take(record[..equals], record[(equals + 1)..]);
            records = records[(int)length..];
        }
    }

    internal static byte[] Path(ReadOnlySpan<byte> value, string what)
    {
        if (value.Length > MaximumPath)
        {
            throw new TarFormatException($"tar: a member's {what} has {value.Length} bytes; {MaximumPath} are allowed");
        }

        return value.Contains((byte)0) ? throw new TarFormatException($"tar: a member's {what} holds a NUL byte") : value.ToArray();
    }

    private void Take(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.StartsWith("SCHILY.xattr."u8))
        {
            AddAttribute(key["SCHILY.xattr.".Length..], value.ToArray());
            return;
        }

        if (key.StartsWith("LIBARCHIVE.xattr."u8))
        {
            TakeLibarchiveAttribute(key["LIBARCHIVE.xattr.".Length..], value);
            return;
        }

        if (key.StartsWith("GNU.sparse."u8))
        {
            TakeSparse(Encoding.ASCII.GetString(key["GNU.sparse.".Length..]), value);
            return;
        }

        // An empty value takes an earlier one back: POSIX, and what GNU tar does.
        switch (Encoding.ASCII.GetString(key))
        {
            case "path":
                Name = value.IsEmpty ? null : Path(value, "name");
                break;
            case "linkpath":
                LinkTarget = value.IsEmpty ? null : Path(value, "link target");
                break;
            case "size":
                Size = value.IsEmpty ? null : TarNumbers.ParseDecimal(value);
                break;
            case "uid":
                Uid = value.IsEmpty ? null : TarNumbers.ParseDecimal(value);
                break;
            case "gid":
                Gid = value.IsEmpty ? null : TarNumbers.ParseDecimal(value);
                break;
            case "mtime":
                Modified = value.IsEmpty ? null : TarNumbers.ParseTime(value);
                break;
            case "atime":
                Accessed = value.IsEmpty ? null : TarNumbers.ParseTime(value);
                break;
        }
    }

    private void TakeSparse(string key, ReadOnlySpan<byte> value)
    {
        switch (key)
        {
            case "major":
                SparseMapInContent = TarNumbers.ParseDecimal(value) == 1;
                break;
            case "minor" or "numblocks":
                break;
            case "name":
                SparseName = Path(value, "name");
                break;
            case "realsize" or "size":
                SparseSize = TarNumbers.ParseDecimal(value);
                break;
            case "offset" or "numbytes": // format 0.0: pairs, one record each
                AddToMap(TarNumbers.ParseDecimal(value));
                break;
            case "map": // format 0.1: "offset,length,offset,length"
                foreach (var part in value.Split((byte)','))
                {
                    AddToMap(TarNumbers.ParseDecimal(value[part]));
                }

                break;
        }
    }

    private void AddToMap(long number)
    {
        _sparseMap ??= [];
        if (_sparseMap.Count >= 2 * MaximumSegments)
        {
            throw new TarFormatException("tar: a sparse file has too many pieces");
        }

        _sparseMap.Add(number);
    }

    // libarchive: the name is percent-encoded, the value base64 without its padding.
    private void TakeLibarchiveAttribute(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var text = Encoding.ASCII.GetString(value);
        var buffer = new byte[text.Length];
        if (!Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), buffer, out var length))
        {
            throw new TarFormatException("tar: an extended attribute is not in base64");
        }

        AddAttribute(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(Encoding.UTF8.GetString(name))), buffer[..length]);
    }

    private void AddAttribute(ReadOnlySpan<byte> name, byte[] value)
    {
        if (name.Length is 0 or > MaximumAttributeName || name.Contains((byte)0) || value.Length > MaximumAttributeValue)
        {
            throw new TarFormatException("tar: an extended attribute's name or value is too long");
        }

        // The same attribute by both spellings, as bsdtar writes it, is one attribute.
        for (var i = 0; i < _attributes.Count; i++)
        {
            if (_attributes[i].Name.AsSpan().SequenceEqual(name))
            {
                _attributes[i] = (_attributes[i].Name, value);
                return;
            }
        }

        _attributes.Add((name.ToArray(), value));
    }

    private static TarFormatException Malformed() => new("tar: an extended header is malformed");
}
