namespace Berth.Daemon.Networks.Names;

// Numbers of RFC 1035 and RFC 6891 that the name service uses.

internal enum DnsType : ushort
{
    A = 1,
    Ptr = 12,
    Aaaa = 28,
    Opt = 41,
    Any = 255,
}

internal enum DnsCode : byte
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

internal static class DnsWire
{
    public const int HeaderLength = 12;
    public const int MaxName = 255;
    public const int MaxLabel = 63;

    /// <summary>What every UDP client takes; RFC 1035 §4.2.1.</summary>
    public const int MinimumUdpSize = 512;

    public const ushort ClassInternet = 1;
    public const ushort Response = 0x8000, OpcodeMask = 0x7800, Truncated = 0x0200, RecursionDesired = 0x0100, RecursionAvailable = 0x0080;
}
