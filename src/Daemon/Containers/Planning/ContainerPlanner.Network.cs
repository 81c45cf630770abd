using System.Globalization;
using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private string NetworkMode()
    {
        if (_config.NetworkDisabled == true)
        {
            return "none";
        }

        return _host.NetworkMode is null or "" or "default" ? "bridge" : _host.NetworkMode;
    }

    private NetworkPlan Network()
    {
        var mode = NetworkMode();
        if (mode == "container:")
        {
            throw ContainerErrors.Invalid("HostConfig.NetworkMode", mode, "a container's name or id must follow");
        }

        var exposed = _config.ExposedPorts?.Keys.ToArray() ?? [];
        var ports = PortRequest.Parse(
            (_host.PortBindings ?? []).Select(port => KeyValuePair.Create(port.Key, Bindings(port.Value))), exposed, _host.PublishAllPorts ?? false);
        if (mode.StartsWith("container:", StringComparison.Ordinal))
        {
            RefuseWithSharedNetwork(ports.Count > 0);
        }

        if (mode is "host" or "none" && ports.Count > 0)
        {
            _warnings.Add($"Published ports are discarded when using {mode} network mode");
        }

        var (main, endpoint, further) = Endpoints(mode);
        return new NetworkPlan
        {
            Mode = mode,
            Main = main,
            Endpoint = endpoint,
            FurtherEndpoints = further,
            Ports = mode is "host" or "none" ? [] : ports,
            ExposedPorts = [.. exposed.SelectMany(ContainerPort.Parse).Distinct()],
            Dns = Addresses("HostConfig.Dns", _host.Dns),
            DnsOptions = _host.DnsOptions ?? [],
            DnsSearch = _host.DnsSearch ?? [],
            ExtraHosts = ExtraHosts(),
        };
    }

    private static IReadOnlyList<(string HostAddress, string HostPort)> Bindings(List<PortBinding>? bindings)
        => [.. (bindings ?? []).Select(binding => (binding.HostIp ?? "", binding.HostPort ?? ""))];

    private void RefuseWithSharedNetwork(bool publishes)
    {
        if (publishes || _host.PublishAllPorts == true)
        {
            throw Conflicting("port publishing and the container type network mode");
        }

        if (_host.Dns is { Count: > 0 })
        {
            throw Conflicting("dns and the network mode");
        }

        if (_host.ExtraHosts is { Count: > 0 })
        {
            throw Conflicting("custom host-to-IP mapping and the network mode");
        }

        if (!string.IsNullOrEmpty(_config.MacAddress))
        {
            throw Conflicting("mac-address and the network mode");
        }

        if (_endpoints.Count > 0)
        {
            throw Conflicting("a network and the container type network mode");
        }
    }

    private (string Network, EndpointRequest Main, IReadOnlyDictionary<string, EndpointRequest> Further) Endpoints(string mode)
    {
        var names = _endpoints.Keys.Select(name => name == "default" ? "bridge" : name).Distinct(StringComparer.Ordinal).ToArray();
        if (mode is "host" or "none" && names.Any(name => name != mode))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"conflicting options: network mode {mode} can't be combined with other networks: {string.Join(", ", names.Where(name => name != mode))}");
        }

        // A container that has left all its networks gets that of its mode again at its next start.
        var main = names.Length == 0 || names.Contains(mode) ? mode : names.Min(StringComparer.Ordinal)!;
        var further = new SortedDictionary<string, EndpointRequest>(StringComparer.Ordinal);
        foreach (var name in names.Where(name => name != main))
        {
            further.Add(name, Endpoint(name, _endpoints[name]));
        }

        var settings = _endpoints.GetValueOrDefault(main) ?? (main == "bridge" ? _endpoints.GetValueOrDefault("default") : null);
        var endpoint = Endpoint(main, settings);
        return (main, endpoint with { MacAddress = endpoint.MacAddress ?? Mac(_config.MacAddress), Links = [.. endpoint.Links, .. LegacyLinks(mode)] }, further);
    }

    // HostConfig.Links: names for other containers, from before there were networks with names.
    private IEnumerable<string> LegacyLinks(string mode)
    {
        if (_host.Links is not { Count: > 0 } links)
        {
            return [];
        }

        if (mode == "host" || mode.StartsWith("container:", StringComparison.Ordinal))
        {
            throw Conflicting($"{(mode == "host" ? "host type networking" : "container type network")} can't be used with links. This would result in undefined behavior");
        }

        return links.Select(link => RequestedEndpoints.ParseLink("HostConfig.Links", link)).Select(link => $"{link.Container}:{link.Alias}");
    }

    private static EndpointRequest Endpoint(string network, EndpointSettings? settings)
    {
        if (settings is null)
        {
            return new EndpointRequest();
        }

        var (v4, v6) = (NullIfEmpty(settings.IPAMConfig?.IPv4Address), NullIfEmpty(settings.IPAMConfig?.IPv6Address));
        CheckAddress("IPv4", v4, bits: 32);
        CheckAddress("IPv6", v6, bits: 128);
        if ((v4 ?? v6) is not null && network is "bridge" or "host" or "none")
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid config for network {network}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only");
        }

        var linkLocal = settings.IPAMConfig?.LinkLocalIPs ?? [];
        foreach (var address in linkLocal)
        {
            if (!IPAddress.TryParse(address, out _))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid endpoint settings:\ninvalid link-local IP address: {address}");
            }
        }

        EndpointOptions.Check(settings.DriverOpts ?? []);
        return new EndpointRequest
        {
            IPv4Address = v4,
            IPv6Address = v6,
            MacAddress = Mac(settings.MacAddress),
            Aliases = settings.Aliases ?? [],
            Links = [.. (settings.Links ?? []).Select(link => RequestedEndpoints.ParseLink("Links", link)).Select(link => $"{link.Container}:{link.Alias}")],
            GatewayPriority = settings.GwPriority ?? 0,
            DriverOptions = settings.DriverOpts ?? [],
            LinkLocalAddresses = linkLocal,
        };
    }

    private static void CheckAddress(string family, string? text, int bits)
    {
        if (text is not null && (!IPAddress.TryParse(text, out var address) || Subnets.Bits(address) != bits || (bits == 32 && address.ToString() != text)))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid endpoint settings:\ninvalid {family} address: {text}");
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static List<string> Addresses(string field, List<string>? addresses)
    {
        foreach (var address in addresses ?? [])
        {
            if (!IPAddress.TryParse(address, out _))
            {
                throw ContainerErrors.Invalid(field, address, "it is an IP address");
            }
        }

        return addresses ?? [];
    }

    private List<string> ExtraHosts()
    {
        foreach (var host in _host.ExtraHosts ?? [])
        {
            var colon = host.IndexOf(':');
            var address = colon < 0 ? "" : host[(colon + 1)..].Trim('[', ']');
            if (colon <= 0 || (address != "host-gateway" && !IPAddress.TryParse(address, out _)))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid IP address in add-host: \"{host}\"");
            }
        }

        return _host.ExtraHosts ?? [];
    }

    private static string? Mac(string? address)
    {
        if (string.IsNullOrEmpty(address))
        {
            return null;
        }

        var parts = address.Split(':', '-');
        return parts.Length == 6 && parts.All(part => part.Length == 2 && byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            ? address.Replace('-', ':').ToLowerInvariant()
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid MAC address: {address}");
    }
}
