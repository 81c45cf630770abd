namespace Berth.Daemon.Networks;

/// <summary>What a network is made of; the names are Docker's.</summary>
internal static class NetworkDriver
{
    public const string Bridge = "bridge";
    public const string Host = "host";
    public const string None = "null";
    public const string Macvlan = "macvlan";
    public const string Ipvlan = "ipvlan";
}
