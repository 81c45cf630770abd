using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>A port inside a container; its text is Docker's "80/tcp".</summary>
internal readonly record struct ContainerPort(ushort Port, PortProtocol Protocol)
{
    /// <summary>Reads "80", "80/tcp" or "8000-8010/udp", a range giving one port each.</summary>
    /// <exception cref="EngineException">InvalidArgument: not a port, or no protocol with ports.</exception>
    public static IReadOnlyList<ContainerPort> Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = (slash < 0 ? "tcp" : text[(slash + 1)..]).ToLowerInvariant() switch
        {
            "tcp" or "" => PortProtocol.Tcp,
            "udp" => PortProtocol.Udp,
            "sctp" => PortProtocol.Sctp,
            _ => throw NetworkErrors.InvalidPort(text),
        };
        var (first, last) = ParseRange(slash < 0 ? text : text[..slash], text);
        if (first == 0)
        {
            throw NetworkErrors.InvalidPort(text);
        }

        return [.. Enumerable.Range(first, last - first + 1).Select(port => new ContainerPort((ushort)port, protocol))];
    }

    /// <summary>Reads "8080" or "8000-8010"; both ends are in the range.</summary>
    internal static (ushort First, ushort Last) ParseRange(string text, string whole)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = ParseNumber(dash < 0 ? text : text[..dash], whole);
        var last = dash < 0 ? first : ParseNumber(text[(dash + 1)..], whole);
        return first <= last ? (first, last) : throw NetworkErrors.InvalidPort(whole);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Port}/{Protocol.Name()}");

    private static ushort ParseNumber(string text, string whole)
        => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : throw NetworkErrors.InvalidPort(whole);
}
