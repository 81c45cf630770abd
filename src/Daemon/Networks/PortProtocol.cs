namespace Berth.Daemon.Networks;

/// <summary>A transport that ports belong to; the values are IP protocol numbers.</summary>
internal enum PortProtocol : byte
{
    Tcp = 6,
    Udp = 17,
    Sctp = 132,
}

internal static class PortProtocols
{
    /// <summary>As in "80/tcp".</summary>
    public static string Name(this PortProtocol protocol) => protocol switch
    {
        PortProtocol.Tcp => "tcp",
        PortProtocol.Udp => "udp",
        _ => "sctp",
    };
}
