using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Berth.Shared.Linux.Netlink;

/// <summary>
/// Changes to one nftables table, done by the kernel as one transaction: packets see all of them or none. The codec
/// speaks nfnetlink itself; what it makes reads in nft(8)'s "list ruleset" like any other table.
/// </summary>
public sealed class NftBatch
{
    private readonly NetlinkRequest _request = new() { IsTransaction = true };
    private readonly NftFamily _family;
    private readonly string _table;
    private uint _setId;

    public NftBatch(NftFamily family, string table)
    {
        (_family, _table) = (family, table);
        _request.Begin(NftablesTypes.BatchBegin, NetlinkFlags.None, "begin transaction").Append(new NetfilterHeader { Resource = SubsystemNumber });
    }

    private static ushort SubsystemNumber => BinaryPrimitives.ReverseEndianness((ushort)(NftablesTypes.Subsystem >> 8));

    /// <summary>False until something was added.</summary>
    public bool HasChanges => _request.Count > 1;

    /// <summary>Makes the table, or adopts it if it exists without an owner.</summary>
    public void AddTable(NftTableFlags flags)
        => Begin(NftablesTypes.NewTable, NetlinkFlags.Create, $"add table {_table}").Attribute(1, _table).BigEndian(2, (uint)flags);

    public void DeleteTable() => Begin(NftablesTypes.DeleteTable, NetlinkFlags.None, $"delete table {_table}").Attribute(1, _table);

    /// <summary>A chain that packets pass at a hook; it accepts what none of its rules decides.</summary>
    /// <param name="type">"filter" or "nat".</param>
    public void AddChain(string name, string type, NftHook hook, int priority)
    {
        Begin(NftablesTypes.NewChain, NetlinkFlags.Create, $"add chain {name}").Attribute(1, _table).Attribute(3, name);
        using (_request.Nested(4))
        {
            _request.BigEndian(1, (uint)hook).BigEndian(2, unchecked((uint)priority));
        }

        _request.BigEndian(5, 1).Attribute(7, type); // NF_ACCEPT
    }

    public void AddRule(string chain, Action<NftRule> expressions)
    {
        Begin(NftablesTypes.NewRule, NetlinkFlags.Create | NetlinkFlags.Append, $"add rule to {chain}").Attribute(1, _table).Attribute(2, chain);
        using var list = _request.Nested(4);
        expressions(new NftRule(_request));
    }

    public void AddSet(string name, NftSetFlags flags, NftType[] key, NftType[]? data = null)
    {
        // To the kernel a concatenation is one long key, except where it must know the fields: in intervals over several.
        var hasFields = key.Length > 1 && (flags & NftSetFlags.Interval) != 0;
        if (hasFields)
        {
            flags |= NftSetFlags.Concatenation;
        }

        Begin(NftablesTypes.NewSet, NetlinkFlags.Create, $"add set {name}").Attribute(1, _table).Attribute(2, name);
        _request.BigEndian(3, (uint)(data is null ? flags : flags | NftSetFlags.Map))
            .BigEndian(4, TypeNumber(key)).BigEndian(5, Length(key));
        if (data is not null)
        {
            _request.BigEndian(6, TypeNumber(data)).BigEndian(7, Length(data));
        }

        _request.BigEndian(10, ++_setId);
        if (key is [{ Number: var only }] && only == NftType.InterfaceName.Number)
        {
            // For nft(8)'s eyes: type 0, length 4, "host byte order"; without it, it prints these names backwards.
            _request.Attribute(13, [0, 4, 1, 0, 0, 0]);
        }

        if (hasFields)
        {
            DescribeFields(key);
        }
    }

    public void AddElement(string set, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data = default, ReadOnlySpan<byte> keyEnd = default, bool endsInterval = false)
        => Element(NftablesTypes.NewElement, NetlinkFlags.Create, $"add element to {set}", set, key, data, keyEnd, endsInterval);

    /// <summary>Deletes an element; of a map's, the key alone decides.</summary>
    public void DeleteElement(string set, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data = default, ReadOnlySpan<byte> keyEnd = default, bool endsInterval = false)
        => Element(NftablesTypes.DeleteElement, NetlinkFlags.None, $"delete element of {set}", set, key, data, keyEnd, endsInterval);

    /// <summary>Commits.</summary>
    /// <exception cref="ErrnoException">EPERM: the table belongs to another process. ENOENT: the table, or something in it, is not there. EEXIST: an element is.</exception>
    public void Commit(NetlinkSocket socket)
    {
        _request.Begin(NftablesTypes.BatchEnd, NetlinkFlags.None, "end transaction").Append(new NetfilterHeader { Resource = SubsystemNumber });
        socket.Execute(_request);
    }

    /// <summary>Whether the table exists, and its flags.</summary>
    public static NftTableFlags? FindTable(NetlinkSocket socket, NftFamily family, string table)
    {
        var request = new NetlinkRequest().Begin(NftablesTypes.GetTable, NetlinkFlags.None, $"find table {table}")
            .Append(new NetfilterHeader { Family = (byte)family }).Attribute(1, table);
        try
        {
            return socket.Get<NftTableFlags?>(request, (_, payload)
                => (NftTableFlags)new NetlinkAttribute(2, new NetlinkAttributes(payload[4..]).Find(2)).AsBigEndianUInt32);
        }
        catch (ErrnoException error) when (error.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>The chains, of whatever table, that drop forwarded packets which none of their rules lets through.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static List<NftChain> ChainsThatDropForwarded(NetlinkSocket socket)
        => socket.Dump(new NetlinkRequest().Begin(NftablesTypes.GetChain, NetlinkFlags.Dump, "list chains").Append(default(NetfilterHeader)), ReadDroppingChain);

    private static NftChain? ReadDroppingChain(ushort type, ReadOnlySpan<byte> payload)
    {
        const uint drop = 0;
        if (type != NftablesTypes.NewChain || payload.Length < 4)
        {
            return null;
        }

        var attributes = new NetlinkAttributes(payload[4..]);
        var hook = attributes.Find(4);
        var policy = attributes.Find(5);
        if (hook.IsEmpty || policy.IsEmpty || new NetlinkAttribute(5, policy).AsBigEndianUInt32 != drop
            || new NetlinkAttribute(1, new NetlinkAttributes(hook).Find(1)).AsBigEndianUInt32 != (uint)NftHook.Forward)
        {
            return null;
        }

        return new NftChain((NftFamily)payload[0], new NetlinkAttribute(1, attributes.Find(1)).AsText, new NetlinkAttribute(3, attributes.Find(3)).AsText);
    }

    /// <summary>Whether a notification tells of something being taken from, or put into, the table.</summary>
    public static bool Concerns(ushort type, ReadOnlySpan<byte> payload, string table)
    {
        if ((type & 0xFF00) != NftablesTypes.Subsystem || type == NftablesTypes.NewGeneration || payload.Length < 4)
        {
            return false;
        }

        // The name of the table is attribute 1 of every message but a generation's.
        return new NetlinkAttribute(1, new NetlinkAttributes(payload[4..]).Find(1)).AsText == table;
    }

    /// <summary>Whether a notification is the last of its transaction.</summary>
    public static bool EndsTransaction(ushort type) => type == NftablesTypes.NewGeneration;

    private static uint TypeNumber(NftType[] fields) => fields.Aggregate(0u, (number, field) => (number << 6) | field.Number);

    private static uint Length(NftType[] fields) => (uint)(fields.Length == 1 ? fields[0].Length : fields.Sum(field => field.PaddedLength));

    private NetlinkRequest Begin(ushort type, NetlinkFlags flags, string what) => _request.Begin(type, flags, what).Append(new NetfilterHeader { Family = (byte)_family });

    private void DescribeFields(NftType[] key)
    {
        using var description = _request.Nested(9);
        using var fields = _request.Nested(2);
        foreach (var field in key)
        {
            using var element = _request.Nested(1);
            _request.BigEndian(1, (uint)field.Length);
        }
    }

    private void Element(ushort type, NetlinkFlags flags, string what, string set, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> keyEnd, bool endsInterval)
    {
        Begin(type, flags, what).Attribute(1, _table).Attribute(2, set);
        using var elements = _request.Nested(3);
        using var element = _request.Nested(1);
        Value(1, key);
        if (!data.IsEmpty)
        {
            Value(2, data);
        }

        if (endsInterval)
        {
            _request.BigEndian(3, 1);
        }

        if (!keyEnd.IsEmpty)
        {
            Value(10, keyEnd);
        }
    }

    private void Value(ushort type, ReadOnlySpan<byte> value)
    {
        using var outer = _request.Nested(type);
        _request.Attribute(1, value);
    }

    /// <summary>struct nfgenmsg; the resource is in network order.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct NetfilterHeader
    {
        internal byte Family;
        internal byte Version;
        internal ushort Resource;
    }
}

/// <summary>A chain of a table.</summary>
public sealed record NftChain(NftFamily Family, string Table, string Name);
