using System.Net;
using System.Text;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>The texts of a container's /etc/hosts and /etc/hostname.</summary>
internal static class ContainerFiles
{
    /// <summary>Names of a container with a network of its own.</summary>
    /// <param name="own">The container's own addresses, with <see cref="OwnNames"/>, and those of containers that it is linked to.</param>
    /// <param name="extraHosts">"name:address" each, or "name=address"; the address may be "host-gateway".</param>
    /// <exception cref="EngineException">InvalidArgument: an entry that can't be read, or no gateway to stand for host-gateway.</exception>
    public static string Hosts(IEnumerable<HostsEntry> own, IEnumerable<string> extraHosts, IPAddress? hostGateway)
    {
        var text = new StringBuilder(
            "127.0.0.1\tlocalhost\n" +
            "::1\tlocalhost ip6-localhost ip6-loopback\n" +
            "fe00::\tip6-localnet\n" +
            "ff00::\tip6-mcastprefix\n" +
            "ff02::1\tip6-allnodes\n" +
            "ff02::2\tip6-allrouters\n");
        AppendExtra(text, extraHosts, hostGateway);
        foreach (var entry in own)
        {
            text.Append(entry).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The names that a container's own addresses stand for: the whole one first, then its first part.</summary>
    public static string OwnNames(string hostname, string domainname)
    {
        var whole = domainname.Length > 0 ? $"{hostname}.{domainname}" : hostname;
        var dot = whole.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 ? $"{whole} {whole[..dot]}" : whole;
    }

    /// <summary>Brings the lines of some names up to date in a file that the container may have changed; its other lines stay.</summary>
    /// <param name="names">Whose lines they are.</param>
    /// <param name="entries">What there is to be now, all of these names.</param>
    public static string Update(string text, IReadOnlySet<string> names, IReadOnlyList<HostsEntry> entries)
    {
        var missing = entries.Select(entry => entry.ToString()).ToList();
        var lines = text.Split('\n').ToList();
        lines.RemoveAll(line => line.Split('\t', 2) is [var address, var rest] && names.Contains(rest) && IPAddress.TryParse(address, out _) && !missing.Remove(line));
        if (missing.Count > 0)
        {
            if (lines is [.., ""])
            {
                lines.RemoveAt(lines.Count - 1);
            }

            lines.AddRange(missing);
            lines.Add("");
        }

        return string.Join('\n', lines);
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

/// <summary>A line of /etc/hosts.</summary>
/// <param name="Names">With spaces between them.</param>
internal sealed record HostsEntry(IPAddress Address, string Names)
{
    public override string ToString() => $"{Address}\t{Names}";
}
