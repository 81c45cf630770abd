namespace Berth.Daemon.Networks;

// Published ports lead to the networks that the default routes lead through.
internal sealed partial class NetworkService
{
    /// <summary>Reserves what the requests need on the host, for the gateways that the container has; without any, nothing is published.</summary>
    /// <param name="held">Ports that the container has already: they are taken over where they fit.</param>
    /// <exception cref="Berth.Shared.Errors.EngineException">Nothing is reserved then, beyond what was held.</exception>
    private async Task<IReadOnlyList<PortRecord>> HoldPortsAsync(IReadOnlyList<PortRequest> requests, Attached attached, IReadOnlyList<PortRecord> held)
    {
        var gateways = GatewaysOf(attached.Endpoints);
        if (requests.Count == 0 || (gateways.IPv4 ?? gateways.IPv6) is not { } gateway)
        {
            return [];
        }

        var four = gateways.IPv4 is { IPv4Address: { } address4 } on4 ? new PortTarget(address4, RecordOf(on4)) : null;
        var six = gateways.IPv6 is { IPv6Address: { } address6 } on6 ? new PortTarget(address6, RecordOf(on6)) : null;
        return await Host.RunAsync(host =>
        {
            var ports = new List<PortRecord>();
            var own = held.Select(port => port.Port).ToList();
            try
            {
                foreach (var request in requests)
                {
                    var ways = PortWay.For(request, four, six, _options.DefaultPublishAddress, HostSettings.ListensIPv6);
                    var port = host.Ports.Hold(request, ways, (attached.ContainerName, gateway.Id), own);
                    ports.AddRange(ways.Select(way => new PortRecord(
                        attached.ContainerId, new PublishedPort(request.Container, way.HostAddress, way.IsOpenedOnly ? request.Container.Port : port), way.TargetAddress)));
                    own.RemoveAll(kept => ports.Exists(taken => taken.Port == kept)); // two requests don't share one
                }

                return ports;
            }
            catch
            {
                foreach (var port in ports.Where(port => !held.Any(old => old.Port == port.Port)))
                {
                    host.Ports.Release(port.Port);
                }

                throw;
            }
        });
    }

    /// <summary>Lets a running container's ports follow its gateways: a host's port that is published stays the same, and leads elsewhere.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">A port that is needed anew can't be had; all is as before.</exception>
    private async Task MovePortsAsync(Attached attached, IReadOnlyList<PortRequest> requests)
    {
        var before = attached.Ports;
        var after = await HoldPortsAsync(requests, attached, before);
        if (before.SequenceEqual(after))
        {
            return;
        }

        _store.ReplacePorts(attached.ContainerId, after);
        lock (_gate)
        {
            attached.Ports = after;
        }

        await Host.RunAsync(host =>
        {
            FirewallPort[] old = [.. before.Select(FirewallPort.From)];
            FirewallPort[] @new = [.. after.Select(FirewallPort.From)];
            host.Firewall.RemovePorts([.. old.Except(@new)]);
            host.Firewall.AddPorts([.. @new.Except(old)]);
            host.ForgetDatagrams([.. old.Union(@new)]);
            foreach (var port in after)
            {
                host.Ports.Lead(port);
            }

            foreach (var port in before.Where(port => !after.Any(kept => kept.Port == port.Port)))
            {
                host.Ports.Release(port.Port);
            }
        });
    }

    private async Task ClosePortsAsync(Attached attached)
    {
        if (attached.Ports.Count == 0)
        {
            return;
        }

        await Host.RunAsync(host =>
        {
            try
            {
                FirewallPort[] ports = [.. attached.Ports.Select(FirewallPort.From)];
                host.Firewall.RemovePorts(ports);
                host.ForgetDatagrams(ports);
            }
            finally
            {
                foreach (var port in attached.Ports)
                {
                    host.Ports.Release(port.Port);
                }
            }
        });
        _store.DeletePorts(attached.ContainerId);
    }
}
