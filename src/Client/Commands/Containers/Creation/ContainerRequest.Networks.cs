namespace Berth.Client.Commands.Containers.Creation;

internal sealed partial class ContainerRequest // where it is connected
{
    private List<NetworkSpec> ReadNetworks()
    {
        var networks = _call.Get(ContainerOptions.Network).Concat(_call.Get(ContainerOptions.Net)).Select(NetworkSpec.Parse).ToList();
        var aliases = _call.Get(ContainerOptions.NetworkAlias).Concat(_call.Get(ContainerOptions.NetAlias)).ToList();
        var hasOwnOptions = aliases.Count > 0 || _call.Get(ContainerOptions.LinkLocalIp).Count > 0
            || (_call.Get(ContainerOptions.Ip) ?? _call.Get(ContainerOptions.Ip6)) is not null;
        if (!hasOwnOptions)
        {
            return networks;
        }

        // --ip and its like belong to the first network, which is the default one when none is named.
        if (networks.Count == 0)
        {
            networks.Add(new NetworkSpec { Name = "default" });
        }

        var first = networks[0];
        first.Aliases.AddRange(aliases);
        first.LinkLocalAddresses.AddRange(_call.Get(ContainerOptions.LinkLocalIp));
        first.Address = _call.Get(ContainerOptions.Ip) ?? first.Address;
        first.Address6 = _call.Get(ContainerOptions.Ip6) ?? first.Address6;
        return networks;
    }

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
