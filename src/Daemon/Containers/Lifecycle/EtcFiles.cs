using System.Net;
using System.Security.Cryptography;
using System.Text;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Networks;
using Berth.Daemon.Networks.Names;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// /etc/hostname, /etc/hosts and /etc/resolv.conf of a container: files of the engine's, bound over the image's. They are
/// written anew at each start; while the container runs only what changed is changed in them, since the container may
/// have edited them. They are changed in place: another file at the path would not be the one that is bound.
/// </summary>
internal sealed class EtcFiles(ContainersOptions options, ContainerPaths paths, ContainerIndex containers, NetworkService networks)
{
    private const string HostHosts = "/etc/hosts";
    private const int MostEdited = 1 << 20;

    private readonly Lock _editing = new();

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
            File.WriteAllText(paths.Hosts(container.Id), plan.Network.IsHost ? HostsOfHost(plan.Network) : Hosts(container, hostname, networking));
            WriteResolvConf(container, networking);
            if (networking?.Endpoints.Any(endpoint => endpoint.NetworkName == NetworkRecord.DefaultName) == true)
            {
                UpdateLinked(container);
            }
        }

        return
        [
            ("/etc/hostname", paths.Hostname(container.Id)),
            ("/etc/hosts", paths.Hosts(owner)),
            ("/etc/resolv.conf", paths.ResolvConf(owner)),
        ];
    }

    /// <summary>Follows a change of a running container's networks.</summary>
    /// <param name="comesToNames">It had no name service before.</param>
    public void Update(ContainerRecord container, bool comesToNames)
    {
        if (networks.FindNetworking(container.Id) is not { } networking)
        {
            return; // it has ended meanwhile
        }

        var own = OwnEntries(container, Hostname(container, networkOwner: null), networking).ToArray();
        UpdateHosts(container.Id, own.Select(entry => entry.Names).Append(OwnNames(container)).ToHashSet(StringComparer.Ordinal), own);
        if (comesToNames && IsAsWritten(container.Id))
        {
            WriteResolvConf(container, networking);
        }
    }

    /// <summary>Follows a container's start in the files of the running containers that are linked to it on the default network.</summary>
    private void UpdateLinked(ContainerRecord started)
    {
        foreach (var record in containers.All.Select(cell => cell.Record).Where(record => record.IsLive && record.Plan.Network.Endpoint.Links.Count > 0))
        {
            if (networks.FindNetworking(record.Id) is { } networking && LinkEntries(networking).Where(link => link.Target == started.Id).ToArray() is { Length: > 0 } links)
            {
                UpdateHosts(record.Id, links.Select(link => link.Entry.Names).ToHashSet(StringComparer.Ordinal), [.. links.Select(link => link.Entry)]);
            }
        }
    }

    /// <summary>What the container's name service is to do with questions that it can't answer.</summary>
    public NameSettings NameSettings(ContainerRecord container)
    {
        var overrides = Overrides(container.Plan.Network);
        return new NameSettings(ResolvConfFile.Parse(overrides.Servers), ResolvConfFile.HasDots(ResolverConfiguration.ReadFile(ResolverConfiguration.HostFile), overrides));
    }

    private string HostsOfHost(NetworkPlan plan) => ContainerFiles.HostsOfHost(
        File.Exists(HostHosts) ? File.ReadAllText(HostHosts) : "127.0.0.1\tlocalhost\n", plan.ExtraHosts, networks.HostGateway(plan.Mode));

    private string Hosts(ContainerRecord container, string hostname, ContainerNetworking? networking) => ContainerFiles.Hosts(
        networking is null ? [] : [.. LinkEntries(networking).Select(link => link.Entry), .. OwnEntries(container, hostname, networking)],
        container.Plan.Network.ExtraHosts, networks.HostGateway(container.Plan.Network.Mode));

    private string OwnNames(ContainerRecord container)
        => ContainerFiles.OwnNames(Hostname(container, networkOwner: null), container.Plan.Namespaces.Domainname ?? "");

    private static IEnumerable<HostsEntry> OwnEntries(ContainerRecord container, string hostname, ContainerNetworking networking)
    {
        var names = ContainerFiles.OwnNames(hostname, container.Plan.Namespaces.Domainname ?? "");
        return networking.Endpoints.SelectMany(endpoint => (IPAddress?[])[endpoint.IPv4Address, endpoint.IPv6Address])
            .OfType<IPAddress>().Select(address => new HostsEntry(address, names));
    }

    /// <summary>Links on the default network, which has no name service: the hosts file has to do.</summary>
    private IEnumerable<(string Target, HostsEntry Entry)> LinkEntries(ContainerNetworking networking)
        => from endpoint in networking.Endpoints
           where endpoint.NetworkName == NetworkRecord.DefaultName
           from link in ContainerLinks.Resolve(endpoint.Links, containers)
           from other in networks.FindNetworking(link.Container.Id)?.Endpoints ?? []
           where other.NetworkId == endpoint.NetworkId
           from address in new[] { other.IPv4Address, other.IPv6Address }.OfType<IPAddress>()
           select (link.Container.Id, new HostsEntry(address, link.Names(Hostname(link.Container, networkOwner: null))));

    private void UpdateHosts(string id, IReadOnlySet<string> names, IReadOnlyList<HostsEntry> entries)
    {
        lock (_editing)
        {
            EditHosts(id, names, entries);
        }
    }

    private void EditHosts(string id, IReadOnlySet<string> names, IReadOnlyList<HostsEntry> entries)
    {
        using var file = new FileStream(paths.Hosts(id), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        if (file.Length > MostEdited)
        {
            return; // not ours any more; the container made it so
        }

        var text = new byte[file.Length];
        file.ReadExactly(text);
        var before = Encoding.UTF8.GetString(text);
        var after = ContainerFiles.Update(before, names, entries);
        if (after != before)
        {
            // Over the old text and then cut, so that no reader finds it empty.
            var bytes = Encoding.UTF8.GetBytes(after);
            file.Position = 0;
            file.Write(bytes);
            file.SetLength(bytes.Length);
        }
    }

    private void WriteResolvConf(ContainerRecord container, ContainerNetworking? networking)
    {
        var text = ResolvConf(container.Plan.Network, networking);
        File.WriteAllText(paths.ResolvConf(container.Id), text);
        File.WriteAllText(paths.ResolvConfDigest(container.Id), Digest(Encoding.UTF8.GetBytes(text)));
    }

    private string ResolvConf(NetworkPlan plan, ContainerNetworking? networking)
    {
        var overrides = Overrides(plan);
        var names = networking?.Endpoints.Any(endpoint => networks.Resolve(endpoint.NetworkId).HasNames) == true;
        if (plan.IsHost && overrides.IsEmpty)
        {
            return File.Exists(ResolverConfiguration.HostFile) ? File.ReadAllText(ResolverConfiguration.HostFile) : "";
        }

        // Berth's name server asks the host's stub; a container can't, and asks what the stub does.
        var host = names || plan.IsHost ? ResolverConfiguration.ReadFile(ResolverConfiguration.HostFile) : ResolverConfiguration.ReadHost();
        return ResolvConfFile.Make(host, overrides,
            plan.IsHost ? ResolverPlace.Host : names ? ResolverPlace.NameService : ResolverPlace.Container,
            hasIPv6: networking?.Endpoints.Any(endpoint => endpoint.IPv6Address is not null) ?? false);
    }

    private ResolverOverrides Overrides(NetworkPlan plan) => new(
        plan.Dns.Count > 0 ? plan.Dns : options.Dns,
        plan.DnsSearch.Count > 0 ? plan.DnsSearch : options.DnsSearch,
        plan.DnsOptions.Count > 0 ? plan.DnsOptions : options.DnsOptions);

    private bool IsAsWritten(string id)
    {
        using var file = new FileStream(paths.ResolvConf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (file.Length > MostEdited || !File.Exists(paths.ResolvConfDigest(id)))
        {
            return false;
        }

        var text = new byte[file.Length];
        file.ReadExactly(text);
        return File.ReadAllText(paths.ResolvConfDigest(id)) == Digest(text);
    }

    private static string Digest(byte[] text) => Convert.ToHexStringLower(SHA256.HashData(text));
}
