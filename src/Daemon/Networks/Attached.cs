namespace Berth.Daemon.Networks;

/// <summary>
/// What one started container has on its networks. The lists are replaced, never changed, under the service's gate, by
/// whoever holds the container's turn.
/// </summary>
internal sealed class Attached(string containerId, string containerName, string sandboxId)
{
    public string ContainerId { get; } = containerId;

    public string ContainerName { get; set; } = containerName;

    public string SandboxId { get; } = sandboxId;

    /// <summary>Inode of the network namespace; 0 when it is not known.</summary>
    public ulong Namespace { get; set; }

    /// <summary>In the order of the interfaces: eth0 first.</summary>
    public IReadOnlyList<EndpointRecord> Endpoints { get; set; } = [];

    public IReadOnlyList<PortRecord> Ports { get; set; } = [];

    /// <summary>Ends when its interfaces are gone and its addresses given back; null while nothing of it leaves.</summary>
    public TaskCompletionSource? Left { get; set; }
}
