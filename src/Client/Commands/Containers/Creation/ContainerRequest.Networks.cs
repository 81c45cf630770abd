namespace Berth.Client.Commands.Containers.Creation;

internal sealed partial class ContainerRequest // where it is connected
{
    private List<NetworkSpec> ReadNetworks()
    {
        var networks = _call.Get(ContainerOptions.Network).Concat(_call.Get(ContainerOptions.Net)).Select(NetworkSpec.Parse).ToList();
        if (networks.GroupBy(static network => network.Name).FirstOrDefault(static group => group.Count() > 1) is { } repeated)
        {
            throw Wrong($"network \"{repeated.Key}\" is specified multiple times");
        }

        if (networks.Any(static network => network.IsUserDefined) && networks.Any(static network => !network.IsUserDefined))
        {
            throw Wrong("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
        }

        // --ip and its like belong to the first network, which is the default one when none is named.
        var first = networks.Count > 0 ? networks[0] : new NetworkSpec { Name = "default" };
        ApplyOwnOptions(first);
        return networks.Count == 0 && first.HasOptions ? [first] : networks;
    }

    private void ApplyOwnOptions(NetworkSpec network)
    {
        List<string> aliases = [.. _call.Get(ContainerOptions.NetworkAlias), .. _call.Get(ContainerOptions.NetAlias)];
        RefuseBoth(network.Aliases.Count > 0 && aliases.Count > 0, "--network-alias", "alias");
        RefuseBoth(network.Address is not null && _call.IsSet(ContainerOptions.Ip), "--ip", "IPv4 address");
        RefuseBoth(network.Address6 is not null && _call.IsSet(ContainerOptions.Ip6), "--ip6", "IPv6 address");
        RefuseBoth(network.HardwareAddress is not null && _call.IsSet(ContainerOptions.MacAddress), "--mac-address", "MAC address");
        RefuseBoth(network.LinkLocalAddresses.Count > 0 && _call.Get(ContainerOptions.LinkLocalIp).Count > 0, "--link-local-ip", "link-local IP addresses");
        network.Aliases.AddRange(aliases);
        network.LinkLocalAddresses.AddRange(_call.Get(ContainerOptions.LinkLocalIp));
        network.Address = NonEmpty(_call.Get(ContainerOptions.Ip)) ?? network.Address;
        network.Address6 = NonEmpty(_call.Get(ContainerOptions.Ip6)) ?? network.Address6;
        network.HardwareAddress = NonEmpty(_call.Get(ContainerOptions.MacAddress)) ?? network.HardwareAddress;

        // In a network of the user's own a link is a name the name service knows; in the default one it is a line in /etc/hosts.
        if (network.IsUserDefined)
        {
            network.Links.AddRange(_call.Get(ContainerOptions.Link).Select(LinkSpec.Parse));
        }
    }

    private static void RefuseBoth(bool areBothGiven, string option, string own)
    {
        if (areBothGiven)
        {
            throw Wrong($"conflicting options: cannot specify both {option} and per-network {own}");
        }
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private void WriteNetworking()
    {
        if (_networks.Count < 2 && !_networks.Any(static network => network.HasOptions))
        {
            return; // NetworkMode says it all
        }

        _json.WriteStartObject("NetworkingConfig");
        _json.WriteStartObject("EndpointsConfig");
        foreach (var network in _networks)
        {
            network.Write(_json);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }
}
