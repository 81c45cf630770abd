using System.Net;

namespace Berth.Daemon.Networks.Names;

/// <summary>One who asks: a container, and what it may know.</summary>
/// <param name="Networks">In the order of its interfaces.</param>
internal sealed record NameScope(string ContainerId, IReadOnlyList<NetworkRecord> Networks, NameSettings Settings)
{
    /// <summary>Whether questions that no container answers to may leave; they must not from a container that is on internal networks alone.</summary>
    public bool Forwards { get; } = Networks.Any(network => !network.Internal);
}

/// <summary>What a container's options say of its name service.</summary>
/// <param name="Servers">Servers named for the container, which are asked from within its namespace; empty: the host's, asked from the host.</param>
/// <param name="HasDots">Its options set ndots, so that names without a dot are completed by the client and never asked elsewhere as they are.</param>
internal sealed record NameSettings(IReadOnlyList<IPAddress> Servers, bool HasDots);
