using System.Net;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

internal sealed partial class NetworkService
{
    private const string ForwardingFact = "forwarding was switched on in boot";
    private const string MadeBridgeFact = "made bridge ";

    /// <summary>
    /// Brings the host into the recorded state: bridges, the firewall's table, published ports; and removes what belongs to containers
    /// that are no more. To be called once, before anything else, and before any container is started.
    /// </summary>
    /// <param name="runningContainers">The containers whose processes still run, by id, with the first process of each.</param>
    /// <exception cref="EngineException">Internal: the bridge's name or the table belongs to somebody else.</exception>
    public async Task RestoreAsync(IReadOnlyDictionary<string, int> runningContainers, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        _host = HostNetwork.Open(_home, _options, _log);
        _sandboxes = new SandboxFactory(_home, _options.ReadySandboxes, _log);
        var alive = runningContainers.Keys.ToHashSet();
        var endpoints = _store.Endpoints();
        var ports = _store.Ports();
        await _host.RunAsync(host => RemoveLeftovers(host, alive, endpoints, ports));

        endpoints.RemoveAll(endpoint => !alive.Contains(endpoint.ContainerId));
        ports.RemoveAll(port => !alive.Contains(port.ContainerId));
        var records = _store.Networks();
        EnsurePredefined(records);
        await _host.RunAsync(host => EnsureDefault(host, records, hasRunning: endpoints.Any(endpoint => records.Exists(record => record.IsDefault && record.Id == endpoint.NetworkId))));
        await _host.RunAsync(host => RemovePending(host, records));
        lock (_gate)
        {
            LoadState(records, endpoints, ports);
        }

        await _host.RunAsync(host => RestoreHost(host, endpoints, ports));
        KeepSandboxesReady();
        await ObserveRestoredAsync(runningContainers, ct);
    }

    private async Task ObserveRestoredAsync(IReadOnlyDictionary<string, int> runningContainers, CancellationToken ct)
    {
        if (Observer is not { } observer)
        {
            return;
        }

        foreach (var (containerId, pid) in runningContainers)
        {
            if (FindAttached(containerId) is not { } attached)
            {
                continue; // in the host's or another's namespace
            }

            try
            {
                using var sandbox = OpenNamespace(attached, pid);
                await observer.AttachedAsync(new AttachedSandbox(containerId, sandbox, NetworksOf(containerId)), ct);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or EngineException)
            {
                _log.NamesNotRestored(containerId, error.Message); // it may just have ended; the others must not wait for it
            }
        }
    }

    /// <summary>The namespace of a running container, found by one of its processes and known by its inode: the process may have ended, and its number may be another's.</summary>
    /// <exception cref="EngineException">Conflict: the container has ended.</exception>
    private static SafeFileHandle OpenNamespace(Attached attached, int pid)
    {
        SafeFileHandle found;
        try
        {
            found = NetworkNamespaces.OpenOf(pid);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NetworkErrors.ContainerEnded(attached.ContainerName);
        }

        var known = attached.Namespace;
        if (known == 0 || FileIdentity.Of(found).Inode == known) // 0: attached by a version that did not note it
        {
            return found;
        }

        found.Dispose();
        throw NetworkErrors.ContainerEnded(attached.ContainerName);
    }

    private Attached? FindAttached(string containerId)
    {
        lock (_gate)
        {
            return _attached.GetValueOrDefault(containerId);
        }
    }

    /// <summary>Ends what was begun: a network whose creation or removal was cut off goes.</summary>
    private void RemovePending(HostNetwork host, List<NetworkRecord> records)
    {
        foreach (var record in records.Where(record => record.Pending).ToArray())
        {
            host.RemoveNetwork(record, ForgetMade);
            _store.DeleteNetwork(record.Id);
            records.Remove(record);
            _log.NetworkRemoved(record.Name, record.Id);
        }
    }

    private void RemoveLeftovers(HostNetwork host, HashSet<string> alive, List<EndpointRecord> endpoints, List<PortRecord> ports)
    {
        var left = endpoints.Where(endpoint => !alive.Contains(endpoint.ContainerId)).ToArray();
        foreach (var endpoint in left.Where(endpoint => endpoint.Link.Length > 0))
        {
            host.RemoveLink(endpoint.Link);
        }

        foreach (var containerId in left.Select(endpoint => endpoint.ContainerId).Concat(ports.Select(port => port.ContainerId)).Distinct().Where(id => !alive.Contains(id)))
        {
            _store.DeletePorts(containerId);
            _log.LeftoverRemoved(containerId);
        }

        _store.DeleteEndpoints(left);
    }

    private void EnsurePredefined(List<NetworkRecord> records)
    {
        foreach (var (name, driver) in new[] { ("host", NetworkDriver.Host), ("none", NetworkDriver.None) })
        {
            if (!records.Exists(record => record.Name == name))
            {
                var record = new NetworkRecord { Id = NewId(), Name = name, Driver = driver, Created = _clock.GetUtcNow() };
                _store.Save(record);
                records.Add(record);
            }
        }
    }

    /// <summary>Makes the default network's record agree with the options, as far as running containers allow.</summary>
    private void EnsureDefault(HostNetwork host, List<NetworkRecord> records, bool hasRunning)
    {
        var index = records.FindIndex(record => record.IsDefault);
        var existing = index < 0 ? null : records[index];
        if (!_options.HasDefaultNetwork)
        {
            if (existing is not null && !hasRunning)
            {
                records.RemoveAt(index);
                _store.DeleteNetwork(existing.Id);
                RemoveMadeBridge(host, existing.Bridge!);
            }

            return;
        }

        var id = existing?.Id ?? NewId();
        var wanted = (existing ?? new NetworkRecord { Id = id, Name = NetworkRecord.DefaultName, Driver = NetworkDriver.Bridge, Created = _clock.GetUtcNow() }) with
        {
            Bridge = _options.Bridge,
            IPv4 = ChooseIPv4(host, records, existing, hasRunning),
            IPv6 = ChooseIPv6(id, existing),
            Mtu = _options.Mtu,
            InterContainerCommunication = _options.InterContainerCommunication,
            Masquerade = _options.Masquerade,
        };
        if (existing is not null && hasRunning && (existing.Bridge != wanted.Bridge || existing.IPv4 != wanted.IPv4 || existing.IPv6 != wanted.IPv6))
        {
            _log.SubnetKept($"{existing.IPv4?.Subnet} on {existing.Bridge}", $"{wanted.IPv4?.Subnet} on {wanted.Bridge}");
            wanted = wanted with { Bridge = existing.Bridge, IPv4 = existing.IPv4, IPv6 = existing.IPv6 };
        }
        else if (existing is not null && (existing.Bridge != wanted.Bridge || existing.IPv4?.Gateway.Equals(wanted.IPv4?.Gateway) == false))
        {
            RemoveMadeBridge(host, existing.Bridge!); // made anew below, without the old address
        }

        _store.Save(wanted);
        records.RemoveAll(record => record.IsDefault);
        records.Add(wanted);
    }

    private AddressPlan ChooseIPv4(HostNetwork host, List<NetworkRecord> records, NetworkRecord? existing, bool hasRunning)
    {
        if (_options.BridgeAddress is { } given)
        {
            return new AddressPlan(given.Network, given.Address, _options.FixedRange ?? given.Network);
        }

        if (hasRunning && existing?.IPv4 is { } used)
        {
            return used; // under running containers it stays, whatever routes have come since
        }

        var taken = TakenSubnets(host, records.Where(record => !record.IsDefault), exceptBridge: _options.Bridge);
        if (_options.FixedRange is { } range)
        {
            return existing?.IPv4 is { } same && Subnets.Contains(same.Subnet, range) ? same with { Range = range } : new AddressPlan(range, FirstAddress(range), range);
        }

        if (existing?.IPv4 is { } before && !taken.Exists(other => Subnets.Overlap(other, before.Subnet)))
        {
            return before with { Range = before.Subnet };
        }

        if (host.ExistingAddress(_options.Bridge) is { } adopted)
        {
            return new AddressPlan(adopted.Network, adopted.Address, adopted.Network);
        }

        var chosen = SubnetChoice.ChooseIPv4(_options.AddressPools, taken) ?? throw NetworkErrors.NoPoolLeft("IPv4");
        return new AddressPlan(chosen, FirstAddress(chosen), chosen);
    }

    private AddressPlan? ChooseIPv6(string networkId, NetworkRecord? existing)
    {
        if (!_options.IPv6)
        {
            return null;
        }

        var subnet = _options.FixedRangeV6 ?? existing?.IPv6?.Subnet ?? SubnetChoice.UniqueLocal(networkId);
        return new AddressPlan(subnet, FirstAddress(subnet), subnet);
    }

    private static List<IPNetwork> TakenSubnets(HostNetwork host, IEnumerable<NetworkRecord> others, string? exceptBridge)
    {
        var taken = host.TakenSubnets(exceptBridge);
        taken.AddRange(others.SelectMany(record => new[] { record.IPv4, record.IPv6 }).OfType<AddressPlan>().Select(plan => plan.Subnet));
        // Resolvers behind the default route have no route of their own, but a network over them would hide them.
        taken.AddRange(ResolverConfiguration.ReadHost().Nameservers.Select(server => Subnets.Containing(server, Subnets.Bits(server))));
        return taken;
    }

    private static IPAddress FirstAddress(IPNetwork subnet) => Subnets.FromNumber(Subnets.Range(subnet).First + 1, Subnets.Bits(subnet.BaseAddress));

    private void LoadState(List<NetworkRecord> records, List<EndpointRecord> endpoints, List<PortRecord> ports)
    {
        foreach (var record in records)
        {
            _networks[record.Id] = new NetworkCell(record);
        }

        foreach (var group in endpoints.OrderBy(endpoint => endpoint.Position).GroupBy(endpoint => endpoint.ContainerId))
        {
            var attached = new Attached(group.Key, group.First().ContainerName, group.First().SandboxId)
            {
                Namespace = group.First().Namespace,
                Endpoints = [.. group],
                Ports = [.. ports.Where(port => port.ContainerId == group.Key)],
            };
            _attached[group.Key] = attached;
            foreach (var endpoint in attached.Endpoints)
            {
                var cell = _networks[endpoint.NetworkId];
                cell.TakeAddressesOf(endpoint);
                cell.Put(endpoint, attached.ContainerName);
            }
        }
    }

    private void RestoreHost(HostNetwork host, List<EndpointRecord> endpoints, List<PortRecord> ports)
    {
        var cells = _networks.Values.Where(cell => cell.HasInterfaces).ToArray();
        var bridges = cells.Where(cell => cell.HasBridge).ToArray();
        if (bridges.Length > 0)
        {
            EnsureForwarding(host, bridges.Any(cell => cell.Record.IPv6 is not null));
        }

        // Before the bridges can carry anything: with the table there, they are never open.
        try
        {
            host.Firewall.Restore(bridges.Select(cell => FirewallNetwork.From(cell.Record)), ports.Select(FirewallPort.From));
        }
        catch (ErrnoException error) when (error.Errno == Errno.EPERM)
        {
            throw NetworkErrors.TableInUse(host.Firewall.Table, error);
        }

        foreach (var cell in cells)
        {
            EnsureNetwork(host, cell);
        }

        RestoreLinks(host, bridges, endpoints);
        foreach (var port in ports.Where(port => !host.Ports.Restore(port)))
        {
            _log.PortTakenMeanwhile(port.Port.HostAddress.ToString(), port.Port.HostPort, port.ContainerId);
        }

        host.WatchFirewall();
    }

    private void EnsureNetwork(HostNetwork host, NetworkCell cell)
    {
        var network = cell.Record;
        try
        {
            cell.BridgeIndex = host.EnsureNetwork(network, RememberMade);
            _log.NetworkReady(network.Name, (network.IPv4 ?? network.IPv6)?.Subnet.ToString() ?? "", network.Bridge ?? network.Parent ?? "", host.Firewall.Table);
        }
        catch (Exception error) when (!network.IsDefault && error is IOException or EngineException)
        {
            _log.NetworkNotRestored(network.Name, error.Message); // such as a parent that is gone; the other networks must not wait for it
        }
    }

    // A bridge that was removed and made again has lost its ports; interfaces of ours that no record knows belong to nobody.
    private static void RestoreLinks(HostNetwork host, NetworkCell[] cells, List<EndpointRecord> endpoints)
    {
        var links = host.Links();
        var known = endpoints.Select(endpoint => endpoint.Link).ToHashSet();
        foreach (var cell in cells)
        {
            foreach (var endpoint in endpoints.Where(endpoint => endpoint.NetworkId == cell.Record.Id))
            {
                if (links.TryGetValue(endpoint.Link, out var link) && link.Master != cell.BridgeIndex)
                {
                    host.JoinBridge(link.Name, cell.BridgeIndex);
                }
            }

            foreach (var stray in links.Values.Where(link => link.Kind == "veth" && link.Master == cell.BridgeIndex
                && link.Name.StartsWith(LinkPrefix, StringComparison.Ordinal) && !known.Contains(link.Name)))
            {
                host.RemoveLink(stray.Name);
            }
        }
    }

    private void EnsureForwarding(HostNetwork host, bool withIPv6)
    {
        const string four = "net/ipv4/ip_forward", six = "net/ipv6/conf/all/forwarding";
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        var isOn = HostSettings.Read(four) == "1" && (!withIPv6 || HostSettings.Read(six) == "1");
        if (!isOn && !_options.Forward)
        {
            _log.ForwardingIsOff();
            return;
        }

        if (!isOn)
        {
            _store.SaveFact(ForwardingFact, boot);
            host.Firewall.GuardsForwarding = true;
            HostSettings.Write(four, "1");
            if (withIPv6)
            {
                HostSettings.KeepRouterAnnouncements();
                HostSettings.Write(six, "1");
            }

            _log.ForwardingSwitchedOn();
            return;
        }

        host.Firewall.GuardsForwarding = _store.FindFact(ForwardingFact) == boot;
    }

    private void RemoveMadeBridge(HostNetwork host, string bridge)
    {
        if (ForgetMade(bridge))
        {
            host.RemoveBridge(bridge);
        }
    }

    private void RemoveUnused(HostNetwork host)
    {
        NetworkCell[] cells;
        lock (_gate)
        {
            if (_attached.Count > 0)
            {
                return;
            }

            cells = [.. _networks.Values.Where(cell => cell.HasInterfaces)];
        }

        // The ways first, then the guard over them.
        foreach (var cell in cells)
        {
            host.RemoveNetwork(cell.Record, ForgetMade);
        }

        host.Firewall.Remove();
    }

    private void KeepSandboxesReady()
    {
        NetworkCell? cell;
        lock (_gate)
        {
            cell = _networks.Values.FirstOrDefault(candidate => candidate.Record.IsDefault);
        }

        if (cell is null || _options.ReadySandboxes == 0)
        {
            return;
        }

        Sandboxes.KeepReady(
            sandbox => Host.RunAsync(host => host.AddLink(cell.Record, cell.BridgeIndex, sandbox, NewLinkName(), SandboxFactory.ReadyInterface)).GetAwaiter().GetResult(),
            hasIPv6: cell.Record.IPv6 is not null);
    }
}
