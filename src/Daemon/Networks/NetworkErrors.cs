using System.Net;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>The words follow Docker's where clients and test suites match them.</summary>
internal static class NetworkErrors
{
    public static EngineException NotFound(string idOrName) => new(ErrorKind.NotFound, $"network {idOrName} not found");

    public static EngineException Ambiguous(string idOrName) => new(ErrorKind.InvalidArgument, $"network {idOrName} is ambiguous: more than one network's id begins so");

    public static EngineException NameTaken(string name) => new(ErrorKind.Conflict, $"network with name {name} already exists");

    public static EngineException InvalidName(string name) => new(ErrorKind.InvalidArgument,
        name.Length == 0 ? "invalid name: name is empty" : $"invalid network name {name}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");

    public static EngineException PredefinedRemoval(string name) => new(ErrorKind.Forbidden, $"{name} is a pre-defined network and cannot be removed");

    public static EngineException PredefinedCreation(string name) => new(ErrorKind.Forbidden,
        $"operation is not permitted on predefined {name} network");

    public static EngineException ActiveEndpoints(string name, IEnumerable<(string Container, string EndpointId)> endpoints) => new(ErrorKind.Forbidden,
        $"error while removing network: network {name} has active endpoints ({string.Join(", ", endpoints.Select(endpoint => $"name:\"{endpoint.Container}\" id:\"{endpoint.EndpointId[..12]}\""))})");

    public static EngineException DefaultNetworkOff() => new(ErrorKind.InvalidArgument,
        "the default network is switched off (--bridge none): choose another with --network");

    public static EngineException InvalidPort(string text) => new(ErrorKind.InvalidArgument,
        $"invalid port specification: \"{text}\": a port is a number from 1 to 65535 or a range such as 8000-8010, with /tcp, /udp or /sctp");

    public static EngineException UnsupportedProtocol(ContainerPort port) => new(ErrorKind.InvalidArgument,
        $"invalid port specification: \"{port}\": this host's kernel has no SCTP (its module sctp); tcp and udp ports can be published");

    public static EngineException InvalidHostAddress(string text) => new(ErrorKind.InvalidArgument, $"invalid IP address in port binding: {text}");

    public static EngineException InvalidAddress(string field, string text) => new(ErrorKind.InvalidArgument, $"invalid {field}: {text}");

    public static EngineException InvalidMacAddress(string text) => new(ErrorKind.InvalidArgument,
        $"invalid MAC address: {text}: it is six hexadecimal pairs such as 02:42:ac:11:00:02, and not a multicast address");

    public static EngineException FixedAddressOnDefaultNetwork() => new(ErrorKind.InvalidArgument,
        "user specified IP address is supported on user defined networks only");

    public static EngineException AddressOutside(string address, string subnet) => new(ErrorKind.InvalidArgument,
        $"invalid address {address}: it does not belong to any of this network's subnets ({subnet}), or is reserved in it");

    public static EngineException AddressInUse(IPAddress address) => new(ErrorKind.Internal, $"Address already in use: {address}");

    public static EngineException NoAddressLeft(string network, string range) => new(ErrorKind.Unavailable,
        $"no available IPv4 addresses on network {network}: all of {range} are in use");

    public static EngineException NoPoolLeft(string family) => new(ErrorKind.Internal,
        $"could not find an available, non-overlapping {family} address pool among the defaults to assign to the network: name a subnet, or give the daemon more with --default-address-pool");

    public static EngineException SubnetOverlaps(string subnet, string other) => new(ErrorKind.Forbidden,
        $"invalid pool request: Pool overlaps with other one on this address space ({subnet} and {other})");

    public static EngineException InvalidSubnet(string field, string text) => new(ErrorKind.InvalidArgument, $"invalid {field} {text}: it is an address with a prefix length, such as 172.30.0.1/16");

    public static EngineException UnsupportedDriver(string driver) => new(ErrorKind.NotFound,
        $"plugin \"{driver}\" not found: the drivers of this engine are bridge, macvlan and ipvlan");

    public static EngineException OneInstance(string driver) => new(ErrorKind.Forbidden, $"only one instance of \"{driver}\" network is allowed");

    public static EngineException NoSwarm() => new(ErrorKind.Forbidden,
        "This node is not a swarm manager: networks of the driver overlay are for swarms, which this engine does not join");

    public static EngineException SameBridge(string name, string other, string bridge) => new(ErrorKind.Forbidden,
        $"network {name} conflicts with network {other}: networks have same bridge name ({bridge})");

    public static EngineException ParentInUse(string parent, string other, string why) => new(ErrorKind.Forbidden,
        $"network {other} is already using parent interface {parent}: {why}");

    public static EngineException AlreadyConnected(string container, string network) => new(ErrorKind.Forbidden,
        $"endpoint with name {container} already exists in network {network}");

    public static EngineException NotConnected(string container, string network) => new(ErrorKind.Forbidden,
        $"container {container} is not connected to network {network}");

    public static EngineException ConnectToHost() => new(ErrorKind.InvalidArgument,
        "cannot connect container to host network - container must be created in host network mode");

    public static EngineException DisconnectFromHost() => new(ErrorKind.InvalidArgument,
        "cannot disconnect container from host network - container was created in host network mode");

    public static EngineException SharedMode() => new(ErrorKind.InvalidArgument,
        "container sharing network namespace with another container or host cannot be connected to any other network");

    public static EngineException NoneMode() => new(ErrorKind.InvalidArgument,
        "container cannot be connected to multiple networks with one of the networks in private (none) mode");

    public static EngineException SubnetNotConfigured() => new(ErrorKind.InvalidArgument,
        "invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets");

    public static EngineException InterfaceNameTaken(string name) => new(ErrorKind.InvalidArgument,
        $"invalid endpoint settings: the interface name {name} is given to two of the container's networks");

    public static EngineException UnsupportedField(string field, string value, string allowed) => new(ErrorKind.InvalidArgument,
        $"{field} {value} is not supported by this engine: {allowed}");

    public static EngineException PortAllocated(string name, string endpointId, IPAddress address, ushort port) => new(ErrorKind.Internal,
        $"driver failed programming external connectivity on endpoint {name} ({endpointId}): Bind for {Printed(address, port)} failed: port is already allocated");

    public static EngineException PortInUse(string name, string endpointId, IPAddress address, ushort port, PortProtocol protocol, string reason, Exception inner)
        => new(ErrorKind.Internal,
            $"driver failed programming external connectivity on endpoint {name} ({endpointId}): failed to bind host port {Printed(address, port)}/{protocol.Name()}: {reason}",
            inner);

    public static EngineException NoPortFree(string name, string endpointId, IPAddress address, ushort first, ushort last) => new(ErrorKind.Internal,
        $"driver failed programming external connectivity on endpoint {name} ({endpointId}): all ports of {Printed(address, first)}-{last} are already allocated");

    public static EngineException PortNeedsIPv6(IPAddress address, string network) => new(ErrorKind.InvalidArgument,
        $"a port can't be published on {address}: network {network} gives its containers no IPv6 address");

    public static EngineException PortNeedsIPv4(IPAddress address, string network) => new(ErrorKind.InvalidArgument,
        $"a port can't be published on {address}: network {network} gives its containers no IPv4 address");

    public static EngineException TableInUse(string table, Exception inner) => new(ErrorKind.Internal,
        $"the nftables table {table} belongs to another running process: two daemons need different names for --bridge", inner);

    public static EngineException BridgeNameInUse(string bridge, string kind) => new(ErrorKind.Internal,
        $"the interface {bridge} exists already and is no bridge{(kind.Length == 0 ? "" : $" but a {kind}")}: choose another name for --bridge");

    public static EngineException ContainerEnded(string container) => new(ErrorKind.Conflict, $"container {container} has ended: its network namespace is gone");

    public static EngineException NoParent(string parent, string why) => new(ErrorKind.InvalidArgument, $"invalid parent {parent}: {why}");

    public static EngineException NoDriverInKernel(string driver) => new(ErrorKind.InvalidArgument,
        $"networks of the driver {driver} are not possible here: this host's kernel has no {driver} (its module {driver})");

    public static EngineException NoChild(string network, string driver, string parent, string? mode, Exception inner) => new(ErrorKind.Internal,
        $"network {network}: no {driver} interface of mode {mode ?? "(default)"} can be made on {parent}: another driver or mode is in use there, or passthru has its only one", inner);

    public static EngineException NothingToPublishOn() => new(ErrorKind.InvalidArgument,
        "conflicting options: port publishing and the network mode none: there is no interface to publish on");

    private static string Printed(IPAddress address, ushort port) => new IPEndPoint(address, port).ToString();
}
