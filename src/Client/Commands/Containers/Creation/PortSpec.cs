using System.Globalization;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>One published port.</summary>
/// <param name="ContainerPort">As the API writes it: <c>80/tcp</c>.</param>
/// <param name="HostPort">A port, a range to choose from, or empty for any free one.</param>
internal sealed record PortSpec(string ContainerPort, string HostAddress, string HostPort)
{
    /// <summary>Reads <c>80</c>, <c>8080:80</c>, <c>127.0.0.1:8080:80/udp</c>, <c>[::1]::80</c>, <c>7000-7009:7000-7009</c>.</summary>
    /// <exception cref="CommandFailedException">Not such a text.</exception>
    public static IReadOnlyList<PortSpec> Parse(string text)
    {
        var slash = text.LastIndexOf('/');
        var protocol = ParseProtocol(slash < 0 ? "tcp" : text[(slash + 1)..]);
        var (address, host, container) = Split(slash < 0 ? text : text[..slash]);
        if (container.Length == 0)
        {
            throw new CommandFailedException($"no port specified: {text}<empty>", 125);
        }

        var (from, to) = ParseRange(container, "container");
        if (host.Length == 0)
        {
            return [.. Ports(from, to).Select(port => new PortSpec($"{port}/{protocol}", address, ""))];
        }

        var (hostFrom, hostTo) = ParseRange(host, "host");
        if (from == to && hostFrom != hostTo)
        {
            // One container port and a range of the host's: the daemon takes the first that is free.
            return [new PortSpec($"{from}/{protocol}", address, $"{hostFrom}-{hostTo}")];
        }

        return hostTo - hostFrom == to - from
            ? [.. Ports(from, to).Select(port => new PortSpec($"{port}/{protocol}", address, (hostFrom + port - from).ToString(CultureInfo.InvariantCulture)))]
            : throw new CommandFailedException($"invalid ranges specified for container and host Ports: {container} and {host}", 125);
    }

    /// <summary>Reads the value of --expose: <c>80</c>, <c>53/udp</c>, <c>8000-8010</c>.</summary>
    /// <exception cref="CommandFailedException">Not such a text.</exception>
    public static IEnumerable<string> ParseExposed(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            throw new CommandFailedException($"invalid port format for --expose: {text}", 125);
        }

        return Parse(text).Select(static port => port.ContainerPort);
    }

    private static (string Address, string Host, string Container) Split(string ports)
    {
        var last = ports.LastIndexOf(':');
        if (last < 0)
        {
            return ("", "", ports);
        }

        var container = ports[(last + 1)..];
        var rest = ports[..last];
        var middle = rest.LastIndexOf(':');
        if (middle < 0)
        {
            return ("", rest, container);
        }

        var address = rest[..middle];
        if (address.StartsWith('[') && address.EndsWith(']'))
        {
            address = address[1..^1];
        }

        return System.Net.IPAddress.TryParse(address, out _) ? (address, rest[(middle + 1)..], container) : throw new CommandFailedException($"invalid IP address: {address}", 125);
    }

    private static IEnumerable<int> Ports(int from, int to) => Enumerable.Range(from, to - from + 1);

    private static (int From, int To) ParseRange(string range, string whose)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var from = ParsePort(dash < 0 ? range : range[..dash], whose);
        var to = dash < 0 ? from : ParsePort(range[(dash + 1)..], whose);
        return to >= from ? (from, to) : throw new CommandFailedException($"invalid {whose}Port: {range}", 125);
    }

    private static int ParsePort(string port, string whose)
        => int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 65535 && (number > 0 || whose == "host")
            ? number
            : throw new CommandFailedException($"invalid {whose}Port: {port}", 125);

    private static string ParseProtocol(string protocol) => protocol.ToLowerInvariant() is "tcp" or "udp" or "sctp"
        ? protocol.ToLowerInvariant()
        : throw new CommandFailedException($"invalid proto: {protocol}", 125);
}
