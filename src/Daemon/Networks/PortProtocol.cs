namespace Berth.Daemon.Networks;

/// <summary>A transport that ports belong to; the values are IP protocol numbers.</summary>
internal enum PortProtocol : byte
{
    Tcp = 6,
    Udp = 17,
}
