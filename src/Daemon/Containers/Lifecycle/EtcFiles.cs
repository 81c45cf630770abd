using System.Net;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Networks;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>/etc/hostname, /etc/hosts and /etc/resolv.conf of a container: files of the engine's, bound over the image's.</summary>
internal sealed class EtcFiles(ContainersOptions options, ContainerPaths paths, NetworkService networks)
{
    /// <param name="networkOwner">The container whose network is shared; its name goes with it.</param>
    public string Hostname(ContainerRecord container, ContainerRecord? networkOwner)
    {
        var plan = container.Plan;
        if (plan.Namespaces.Hostname is { } own)
        {
            return own;
        }

        if (plan.Namespaces.Uts.Kind == NamespaceKind.Host || plan.Network.IsHost)
        {
            return Environment.MachineName;
        }

        return networkOwner is null ? container.Id[..12] : Hostname(networkOwner, networkOwner: null);
    }

    /// <summary>Writes the files and says what goes where.</summary>
    public IReadOnlyList<(string Target, string Source)> Write(
        ContainerRecord container, string hostname, ContainerNetworking? networking, ContainerRecord? networkOwner)
    {
        // Who shares a network shares its names too.
        var owner = networkOwner?.Id ?? container.Id;
        File.WriteAllText(paths.Hostname(container.Id), ContainerFiles.Hostname(hostname));
        if (networkOwner is null)
        {
            var plan = container.Plan;
            var gateway = networks.HostGateway(plan.Network.Mode);
            File.WriteAllText(paths.Hosts(container.Id), plan.Network.IsHost ? HostsOfHost(plan.Network, gateway) : Hosts(plan, hostname, networking, gateway));
            File.WriteAllText(paths.ResolvConf(container.Id), ResolvConf(plan.Network, networking));
        }

        return
        [
            ("/etc/hostname", paths.Hostname(container.Id)),
            ("/etc/hosts", paths.Hosts(owner)),
            ("/etc/resolv.conf", paths.ResolvConf(owner)),
        ];
    }

    private static string HostsOfHost(NetworkPlan plan, IPAddress? hostGateway)
        => ContainerFiles.HostsOfHost(File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts") : "127.0.0.1\tlocalhost\n", plan.ExtraHosts, hostGateway);

    private static string Hosts(ContainerPlan plan, string hostname, ContainerNetworking? networking, IPAddress? hostGateway)
    {
        var addresses = (networking?.Endpoints ?? []).SelectMany(endpoint => (IPAddress?[])[endpoint.IPv4Address, endpoint.IPv6Address]).OfType<IPAddress>();
        return ContainerFiles.Hosts(hostname, plan.Namespaces.Domainname ?? "", addresses, plan.Network.ExtraHosts, hostGateway);
    }

    private string ResolvConf(NetworkPlan plan, ContainerNetworking? networking) => ContainerFiles.ResolvConf(
        ResolverConfiguration.ReadHost(),
        plan.Dns.Count > 0 ? plan.Dns : options.Dns,
        plan.DnsSearch.Count > 0 ? plan.DnsSearch : options.DnsSearch,
        plan.DnsOptions.Count > 0 ? plan.DnsOptions : options.DnsOptions,
        plan.IsHost,
        hasIPv6: networking?.Endpoints.Any(endpoint => endpoint.IPv6Address is not null) ?? false);
}
