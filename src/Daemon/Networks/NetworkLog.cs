namespace Berth.Daemon.Networks;

internal static partial class NetworkLog
{
    [LoggerMessage(4001, LogLevel.Information, "Network {Name} is {Subnet} on bridge {Bridge}, nftables table {Table}")]
    public static partial void NetworkReady(this ILogger log, string name, string subnet, string bridge, string table);

    [LoggerMessage(4002, LogLevel.Warning, "No network sandbox could be made ready: {Reason}")]
    public static partial void SandboxNotReady(this ILogger log, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "The nftables table {Table} was changed by another program and has been restored")]
    public static partial void FirewallRestored(this ILogger log, string table);

    [LoggerMessage(4004, LogLevel.Error, "The nftables table {Table} was changed by another program and can't be restored: {Reason}")]
    public static partial void FirewallNotRestored(this ILogger log, string table, string reason);

    [LoggerMessage(4005, LogLevel.Warning, "Another program took {Address}:{Port} while this daemon was away; container {ContainerId} stays published there")]
    public static partial void PortTakenMeanwhile(this ILogger log, string address, int port, string containerId);

    [LoggerMessage(4006, LogLevel.Information, "Removed what a container left on the network: {ContainerId}")]
    public static partial void LeftoverRemoved(this ILogger log, string containerId);

    [LoggerMessage(4007, LogLevel.Error, "Interface {Link} of container {ContainerId} can't be removed, so its address stays in use until the next start: {Reason}")]
    public static partial void LinkNotRemoved(this ILogger log, string link, string containerId, string reason);

    [LoggerMessage(4008, LogLevel.Information, "Switched on IP forwarding; traffic that is not of this engine's networks is still not forwarded")]
    public static partial void ForwardingSwitchedOn(this ILogger log);

    [LoggerMessage(4009, LogLevel.Warning, "IP forwarding is off on this host and --ip-forward is false: containers reach nothing outside")]
    public static partial void ForwardingIsOff(this ILogger log);

    [LoggerMessage(4010, LogLevel.Warning, "Running containers keep the default network at {Subnet}; the configured {Wanted} takes effect at a start without them")]
    public static partial void SubnetKept(this ILogger log, string subnet, string wanted);

    [LoggerMessage(4011, LogLevel.Warning, "{Step} failed after another failure and is left to the next start: {Reason}")]
    public static partial void UndoFailed(this ILogger log, string step, string reason);

    [LoggerMessage(4012, LogLevel.Warning, "The firewall's table could not be removed at stop: {Reason}")]
    public static partial void NotRemovedAtStop(this ILogger log, string reason);

    [LoggerMessage(4014, LogLevel.Warning, "Container {ContainerId} runs on without the name service: {Reason}")]
    public static partial void NamesNotRestored(this ILogger log, string containerId, string reason);

    [LoggerMessage(4015, LogLevel.Information, "Network {Name} created: {Driver}, {NetworkId}")]
    public static partial void NetworkCreated(this ILogger log, string name, string driver, string networkId);

    [LoggerMessage(4016, LogLevel.Information, "Network {Name} removed: {NetworkId}")]
    public static partial void NetworkRemoved(this ILogger log, string name, string networkId);

    [LoggerMessage(4017, LogLevel.Error, "Network {Name} can't be restored, so no container can be started on it: {Reason}")]
    public static partial void NetworkNotRestored(this ILogger log, string name, string reason);

    [LoggerMessage(4018, LogLevel.Warning, "Container {ContainerId} keeps its published ports where they were, though its networks have changed: {Reason}")]
    public static partial void PortsNotMoved(this ILogger log, string containerId, string reason);

    [LoggerMessage(4013, LogLevel.Warning, "Senders of datagrams to a port that has changed hands may go on reaching its last owner for a while: {Reason}")]
    public static partial void DatagramsNotForgotten(this ILogger log, string reason);

    [LoggerMessage(4020, LogLevel.Warning, "The firewall chain {Chain} of the table {Table}, not this daemon's, drops what is forwarded unless its own rules let it through: "
        + "containers may reach nothing outside and not be reached. Docker's chain for this is DOCKER-USER: iptables -I DOCKER-USER -i {Bridge} -j ACCEPT; iptables -I DOCKER-USER -o {Bridge} -j ACCEPT")]
    public static partial void ForwardingDroppedByOthers(this ILogger log, string chain, string table, string bridge);

    [LoggerMessage(4021, LogLevel.Warning, "The other programs' firewall chains can't be looked at: {Reason}")]
    public static partial void ChainsNotRead(this ILogger log, string reason);
}
