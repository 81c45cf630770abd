namespace Berth.Shared.Linux.Netlink;

// <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>, <linux/netfilter.h>: the numbers that Berth uses.

internal static class NftablesTypes
{
    internal const ushort Subsystem = 10 << 8;
    internal const ushort BatchBegin = 16, BatchEnd = 17;
    internal const ushort NewTable = Subsystem | 0, GetTable = Subsystem | 1, DeleteTable = Subsystem | 2;
    internal const ushort NewChain = Subsystem | 3, GetChain = Subsystem | 4;
    internal const ushort NewRule = Subsystem | 6, DeleteRule = Subsystem | 8;
    internal const ushort NewSet = Subsystem | 9, DeleteSet = Subsystem | 11;
    internal const ushort NewElement = Subsystem | 12, GetElement = Subsystem | 13, DeleteElement = Subsystem | 14;
    internal const ushort NewGeneration = Subsystem | 15;
}

/// <summary>Address families of netfilter, NFPROTO_*.</summary>
public enum NftFamily : byte
{
    Inet = 1,
    IPv4 = 2,
    IPv6 = 10,
}

/// <summary>Where packets pass a chain; NF_INET_*.</summary>
public enum NftHook
{
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

[Flags]
public enum NftTableFlags : uint
{
    None = 0,

    /// <summary>Only the socket that made it may change it, and "flush ruleset" passes it by; the table goes with the socket (5.12).</summary>
    Owner = 2,

    /// <summary>An owned table stays when its owner goes, free to be adopted (6.9).</summary>
    Persist = 4,
}

[Flags]
public enum NftSetFlags : uint
{
    None = 0,
    Interval = 4,
    Map = 8,
    Concatenation = 0x80,
}

/// <summary>What "meta" loads; NFT_META_*.</summary>
public enum NftMeta : uint
{
    InputName = 6,
    OutputName = 7,
    Family = 15,
    TransportProtocol = 16,

    /// <summary>"veth", "bridge", …; a rule that loads it of hardware ends there.</summary>
    InputKind = 26,
    OutputKind = 27,
}

/// <summary>A field of a set's key or data. The type number is only for nft(8), which prints the set by it.</summary>
public readonly record struct NftType(uint Number, int Length)
{
    public static readonly NftType IPv4Address = new(7, 4);
    public static readonly NftType IPv6Address = new(8, 16);
    public static readonly NftType Protocol = new(12, 1);
    public static readonly NftType Port = new(13, 2);
    public static readonly NftType InterfaceName = new(41, 16);

    /// <summary>In a concatenation every field fills whole registers of four bytes.</summary>
    public int PaddedLength => (Length + 3) & ~3;
}
