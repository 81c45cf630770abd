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

        var (endpoint, further) = Endpoints(mode);
        return new NetworkPlan
        {
            Mode = mode,
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

    private (EndpointRequest Main, IReadOnlyDictionary<string, EndpointRequest> Further) Endpoints(string mode)
    {
        var main = new EndpointRequest { MacAddress = Mac(_config.MacAddress) };
        var further = new Dictionary<string, EndpointRequest>(StringComparer.Ordinal);
        foreach (var (name, settings) in _endpoints)
        {
            var isMain = name == mode || (mode == "bridge" && name == "default");
            var endpoint = Endpoint(isMain ? mode : name, settings);
            if (!isMain)
            {
                further.Add(name, endpoint);
            }
            else
            {
                main = endpoint with { MacAddress = endpoint.MacAddress ?? main.MacAddress };
            }
        }

        return further.Count > 0 && mode is "host" or "none"
            ? throw new EngineException(ErrorKind.InvalidArgument,
                $"conflicting options: network mode {mode} can't be combined with other networks: {string.Join(", ", further.Keys)}")
            : (main, further);
    }

    private static EndpointRequest Endpoint(string network, EndpointSettings? settings)
    {
        if (settings is null)
        {
            return new EndpointRequest();
        }

        if (settings.Links is { Count: > 0 } || settings.DriverOpts is { Count: > 0 } || settings.IPAMConfig?.LinkLocalIPs is { Count: > 0 })
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid NetworkingConfig.EndpointsConfig of {network}: Links, DriverOpts and IPAMConfig.LinkLocalIPs are not supported");
        }

        var (v4, v6) = (NullIfEmpty(settings.IPAMConfig?.IPv4Address), NullIfEmpty(settings.IPAMConfig?.IPv6Address));
        foreach (var address in (string?[])[v4, v6])
        {
            if (address is not null && !IPAddress.TryParse(address, out _))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid endpoint settings: invalid address \"{address}\"");
            }
        }

        if ((v4 ?? v6) is not null && network is "bridge" or "host" or "none")
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid config for network {network}: user specified IP address is supported on user defined networks only");
        }

        return new EndpointRequest { IPv4Address = v4, IPv6Address = v6, MacAddress = Mac(settings.MacAddress), Aliases = settings.Aliases ?? [] };
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
