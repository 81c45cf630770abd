namespace Berth.Daemon.Networks;

/// <summary>What one started container has on its networks; grows while it is being attached.</summary>
internal sealed class Attached(string containerId, string containerName, string sandboxId)
{
    public string ContainerId { get; } = containerId;

    public string ContainerName { get; set; } = containerName;

    public string SandboxId { get; } = sandboxId;

    /// <summary>In the order of the interfaces: eth0 first.</summary>
    public List<EndpointRecord> Endpoints { get; init; } = [];

    public List<PortRecord> Ports { get; init; } = [];
}
