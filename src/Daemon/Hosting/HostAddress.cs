using System.Globalization;

namespace Berth.Daemon.Hosting;

/// <summary>One value of --host, parsed.</summary>
internal abstract record HostAddress
{
    internal sealed record UnixSocket(string Path) : HostAddress
    {
        public override string ToString() => $"unix://{Path}";
    }

    /// <param name="Port">Null: 2376 with TLS, 2375 without.</param>
    internal sealed record Tcp(string Host, int? Port) : HostAddress
    {
        public override string ToString() => $"tcp://{Host}{(Port is { } port ? string.Create(CultureInfo.InvariantCulture, $":{port}") : "")}";
    }

    /// <param name="Name">The FileDescriptorName= of one socket; null: all that systemd passed.</param>
    internal sealed record Descriptors(string? Name) : HostAddress
    {
        public override string ToString() => $"fd://{Name}";
    }

    /// <exception cref="OptionException">Not one of the three forms.</exception>
    public static HostAddress Parse(string text)
    {
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        var (scheme, rest) = separator < 0 ? ("", text) : (text[..separator], text[(separator + 3)..]);
        switch (scheme)
        {
            case "unix" when rest.StartsWith('/'):
                return new UnixSocket(rest);
            case "unix":
                throw new OptionException($"invalid host {text}: a Unix socket is named by an absolute path, as in unix:///run/berth/berth.sock");
            case "fd":
                return new Descriptors(rest is "" or "*" ? null : rest);
            case "tcp":
                return ParseTcp(text, rest);
            default:
                throw new OptionException($"invalid host {text}: must be unix:///path, tcp://address:port or fd://");
        }
    }

    private static Tcp ParseTcp(string text, string rest)
    {
        rest = rest.TrimEnd('/');
        var colon = rest.LastIndexOf(':');
        if (colon < 0 || rest.EndsWith(']'))
        {
            return new Tcp(Address(rest), null);
        }

        if (!int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
        {
            throw new OptionException($"invalid host {text}: the port must be a number up to 65535");
        }

        return new Tcp(Address(rest[..colon]), port);
    }

    private static string Address(string host) => host is "" ? "127.0.0.1" : host.Trim('[', ']');
}
