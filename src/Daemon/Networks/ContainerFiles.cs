using System.Net;
using System.Text;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>The texts of a container's /etc/resolv.conf, /etc/hosts and /etc/hostname.</summary>
internal static class ContainerFiles
{
    /// <summary>What is asked where the host names nobody, as Docker does.</summary>
    public static readonly IPAddress[] PublicResolvers = [new([8, 8, 8, 8]), new([8, 8, 4, 4])];

    /// <summary>The host's resolvers, or those of the options, each kind of line on its own.</summary>
    /// <param name="sharesHostNetwork">The container is in the host's namespace, where the host's loopback resolvers work too.</param>
    /// <param name="hasIPv6">The container has IPv6 addresses, so that it reaches IPv6 resolvers.</param>
    /// <exception cref="EngineException">InvalidArgument: a --dns that is no address.</exception>
    public static string ResolvConf(
        ResolverConfiguration host, IReadOnlyList<string> dns, IReadOnlyList<string> dnsSearch, IReadOnlyList<string> dnsOptions, bool sharesHostNetwork, bool hasIPv6)
    {
        IReadOnlyList<IPAddress> servers = dns.Count > 0
            ? [.. dns.Select(text => IPAddress.TryParse(text, out var server) ? server : throw NetworkErrors.InvalidAddress("DNS address", text))]
            : sharesHostNetwork
                ? host.Nameservers
                : [.. host.Nameservers.Where(server => !IPAddress.IsLoopback(server) && (hasIPv6 || Subnets.Bits(server) == 32))];
        var text = new StringBuilder("# Written by Berth when the container started, from the host's resolv.conf and the container's options.\n");
        if (servers.Count == 0 && !sharesHostNetwork)
        {
            text.Append("# The host has no resolver that a container reaches, so public ones are asked.\n");
            servers = PublicResolvers;
        }

        foreach (var server in servers)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        // "." means none at all, as docker run --dns-search . does.
        var search = dnsSearch.Count > 0 ? dnsSearch.Where(domain => domain != ".").ToArray() : [.. host.Search];
        if (search.Length > 0)
        {
            text.Append("search ").AppendJoin(' ', search).Append('\n');
        }

        var options = dnsOptions.Count > 0 ? dnsOptions : host.Options;
        if (options.Count > 0)
        {
            text.Append("options ").AppendJoin(' ', options).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Names of a container with a network of its own.</summary>
    /// <param name="addresses">The container's own; each stands for its host name.</param>
    /// <param name="extraHosts">"name:address" each, or "name=address"; the address may be "host-gateway".</param>
    /// <exception cref="EngineException">InvalidArgument: an entry that can't be read, or no gateway to stand for host-gateway.</exception>
    public static string Hosts(string hostname, string domainname, IEnumerable<IPAddress> addresses, IEnumerable<string> extraHosts, IPAddress? hostGateway)
    {
        var text = new StringBuilder(
            "127.0.0.1\tlocalhost\n" +
            "::1\tlocalhost ip6-localhost ip6-loopback\n" +
            "fe00::\tip6-localnet\n" +
            "ff00::\tip6-mcastprefix\n" +
            "ff02::1\tip6-allnodes\n" +
            "ff02::2\tip6-allrouters\n");
        AppendExtra(text, extraHosts, hostGateway);
        foreach (var address in addresses)
        {
            text.Append(address).Append('\t');
            if (domainname.Length > 0)
            {
                text.Append(hostname).Append('.').Append(domainname).Append(' ');
            }

            text.Append(hostname).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Names of a container in the host's namespace: the host's own, and the extra ones.</summary>
    /// <exception cref="EngineException">As of <see cref="Hosts"/>.</exception>
    public static string HostsOfHost(string hostsFile, IEnumerable<string> extraHosts, IPAddress? hostGateway)
    {
        var text = new StringBuilder(hostsFile);
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append('\n');
        }

        AppendExtra(text, extraHosts, hostGateway);
        return text.ToString();
    }

    public static string Hostname(string hostname) => hostname + "\n";

    /// <summary>Reads "name:address"; to be called when a container is created, so that a mistake is told then.</summary>
    /// <returns>The address is null for host-gateway.</returns>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static (string Name, IPAddress? Address) ParseExtraHost(string text)
    {
        var split = text.IndexOfAny([':', '=']);
        var name = split <= 0 ? "" : text[..split];
        var value = split <= 0 ? "" : text[(split + 1)..].Trim('[', ']');
        if (name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"bad format for add-host: \"{text}\": it is name:address");
        }

        if (value == "host-gateway")
        {
            return (name, null);
        }

        return IPAddress.TryParse(value, out var address) ? (name, address)
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid IP address in add-host: \"{value}\"");
    }

    private static void AppendExtra(StringBuilder text, IEnumerable<string> extraHosts, IPAddress? hostGateway)
    {
        foreach (var extra in extraHosts)
        {
            var (name, address) = ParseExtraHost(extra);
            address ??= hostGateway ?? throw new EngineException(ErrorKind.InvalidArgument,
                $"unable to derive the IP value for host-gateway in \"{extra}\": there is no default network; set --host-gateway-ip");
            text.Append(address).Append('\t').Append(name).Append('\n');
        }
    }
}
