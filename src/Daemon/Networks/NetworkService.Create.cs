using System.Net;
using Berth.Daemon.Events;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Daemon.Networks;

// Networks come and go here. A network is pending on disk from before the first effect until after the last, so that a start after a
// death in between removes whatever there is of it: its creation was not told to anybody, or its removal was asked for.
internal sealed partial class NetworkService
{
    private readonly SemaphoreSlim _changes = new(1, 1);

    /// <summary>Makes a network.</summary>
    /// <exception cref="EngineException">
    /// InvalidArgument; Conflict: the name is taken; Forbidden: a predefined name, or a subnet or bridge that another network has; NotFound: no such driver.
    /// </exception>
    public async Task<NetworkRecord> CreateAsync(NetworkCreateRequest request, CancellationToken ct)
    {
        var draft = NetworkDraft.From(request, NewId(), _clock.GetUtcNow());
        await _changes.WaitAsync(ct);
        try
        {
            var others = List();
            CheckOthers(draft.Record, others);
            var record = await Host.RunAsync(host => Complete(draft, host, others));
            await MakeAsync(record);
            PublishEvent("create", record);
            _log.NetworkCreated(record.Name, record.Driver, record.Id);
            return record;
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>Removes a network that no running container is on.</summary>
    /// <exception cref="EngineException">NotFound; Forbidden: predefined, or containers are on it.</exception>
    public async Task RemoveAsync(string idOrName, CancellationToken ct)
    {
        await _changes.WaitAsync(ct);
        try
        {
            var network = Resolve(idOrName);
            if (network.IsPredefined)
            {
                throw NetworkErrors.PredefinedRemoval(network.Name);
            }

            await UnmakeAsync(network);
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>Removes the networks that the filter lets through and no running container is on.</summary>
    /// <returns>Their names.</returns>
    public async Task<IReadOnlyList<string>> PruneAsync(Func<NetworkRecord, bool> filter, CancellationToken ct)
    {
        var removed = new List<string>();
        await _changes.WaitAsync(ct);
        try
        {
            foreach (var network in List().Where(network => !network.IsPredefined && filter(network)))
            {
                try
                {
                    await UnmakeAsync(network);
                    removed.Add(network.Name);
                }
                catch (EngineException inUse) when (inUse.Kind == ErrorKind.Forbidden)
                {
                    // It is none of the unused ones.
                }
            }
        }
        finally
        {
            _changes.Release();
        }

        _events.Publish(EventType.Network, "prune", "", new Dictionary<string, string> { ["reclaimed"] = "0" });
        return removed;
    }

    private static void CheckOthers(NetworkRecord record, IReadOnlyList<NetworkRecord> others)
    {
        foreach (var other in others)
        {
            if (other.Name == record.Name)
            {
                throw NetworkErrors.NameTaken(record.Name);
            }

            if (record.Bridge is { } bridge && other.Bridge == bridge)
            {
                throw NetworkErrors.SameBridge(record.Name, other.Name, bridge);
            }

            if (record.Parent is { } parent && other.Parent == parent)
            {
                CheckParent(record, other, parent);
            }
        }
    }

    // What the kernel can't do on one parent: it would say so, less clearly, when the first container starts.
    private static void CheckParent(NetworkRecord record, NetworkRecord other, string parent)
    {
        if (other.Driver != record.Driver)
        {
            throw NetworkErrors.ParentInUse(parent, other.Name, "macvlan and ipvlan don't share one");
        }

        if (record.Mode == "passthru" || other.Mode == "passthru")
        {
            throw NetworkErrors.ParentInUse(parent, other.Name, "the mode passthru wants it for itself");
        }

        if (record.Driver == NetworkDriver.Ipvlan && record.Mode != other.Mode)
        {
            throw NetworkErrors.ParentInUse(parent, other.Name, $"all ipvlan networks of a parent have one mode, and it has {other.Mode}");
        }
    }

    /// <summary>Chooses the addresses that were left open, and checks those that were given against other networks'.</summary>
    private NetworkRecord Complete(NetworkDraft draft, HostNetwork host, IReadOnlyList<NetworkRecord> others)
    {
        var own = others.SelectMany(network => new[] { network.IPv4, network.IPv6 }).OfType<AddressPlan>().Select(plan => plan.Subnet).ToArray();
        List<IPNetwork>? taken = null; // asked of the host only when something is to be chosen
        List<IPNetwork> Taken() => taken ??= TakenSubnets(host, others, exceptBridge: draft.Record.Bridge);
        return draft.Record with
        {
            IPv4 = draft.IPv4 is { } four ? Complete(four, own, () => ChooseFor(draft.Record, host, Taken())) : null,
            IPv6 = draft.IPv6 is { } six
                ? Complete(six, own, () => SubnetChoice.ChooseIPv6(_options.AddressPools, draft.Record.Id, Taken()) ?? throw NetworkErrors.NoPoolLeft("IPv6"))
                : null,
        };
    }

    private static AddressPlan Complete(PoolDraft draft, IPNetwork[] own, Func<IPNetwork> choose)
    {
        if (draft.Subnet is not { } given)
        {
            return draft.Complete(choose());
        }

        foreach (var other in own)
        {
            if (Subnets.Overlap(given, other))
            {
                throw NetworkErrors.SubnetOverlaps(given.ToString(), other.ToString());
            }
        }

        return draft.Complete(chosen: null);
    }

    // A bridge that is there already, with an address, tells the subnet.
    private IPNetwork ChooseFor(NetworkRecord record, HostNetwork host, List<IPNetwork> taken)
        => record.Bridge is { } bridge && host.ExistingAddress(bridge) is { } adopted
            ? adopted.Network
            : SubnetChoice.ChooseIPv4(_options.AddressPools, taken) ?? throw NetworkErrors.NoPoolLeft("IPv4");

    private async Task MakeAsync(NetworkRecord record)
    {
        var cell = new NetworkCell(record);
        _store.Save(record with { Pending = true });
        try
        {
            await Host.RunAsync(host => MakeOnHost(host, cell));
            _store.SetPending(record.Id, pending: false);
        }
        catch
        {
            await TryUndoAsync(record);
            throw;
        }

        lock (_gate)
        {
            _networks[record.Id] = cell;
        }
    }

    private async Task TryUndoAsync(NetworkRecord record)
    {
        try
        {
            await Host.RunAsync(host => UnmakeOnHost(host, record));
            _store.DeleteNetwork(record.Id);
        }
        catch (Exception error) when (error is IOException or EngineException or Microsoft.Data.Sqlite.SqliteException)
        {
            _log.UndoFailed($"removing the half-made network {record.Name}", error.Message); // pending: the next start removes it
        }
    }

    private void MakeOnHost(HostNetwork host, NetworkCell cell)
    {
        if (cell.HasBridge)
        {
            EnsureForwarding(host, withIPv6: cell.Record.IPv6 is not null);
            host.Firewall.AddNetwork(FirewallNetwork.From(cell.Record)); // first: with the rules there, the bridge is never open
        }

        cell.BridgeIndex = host.EnsureNetwork(cell.Record, RememberMade);
    }

    // The ways first, then the guard over them.
    private void UnmakeOnHost(HostNetwork host, NetworkRecord record)
    {
        host.RemoveNetwork(record, ForgetMade, heir: record.Parent is null ? null : List().FirstOrDefault(other => other.Parent == record.Parent && other.Id != record.Id));
        if (record.Bridge is { } bridge)
        {
            host.Firewall.RemoveNetwork(bridge);
        }
    }

    private async Task UnmakeAsync(NetworkRecord network)
    {
        Task[] leaving;
        lock (_gate)
        {
            var cell = _networks[network.Id];
            if (cell.Endpoints.Count > 0 || cell.InTransit > 0)
            {
                throw NetworkErrors.ActiveEndpoints(network.Name, cell.Endpoints.Select(member => (member.ContainerName, member.Endpoint.Id)));
            }

            cell.Record = network with { Pending = true }; // from here on no container gets onto it
            leaving = [.. _leaving.Values];
        }

        try
        {
            await Task.WhenAll(leaving); // the last containers' interfaces may still be on the bridge
            _store.SetPending(network.Id, pending: true);
            await Host.RunAsync(host => UnmakeOnHost(host, network));
            _store.DeleteNetwork(network.Id);
        }
        catch
        {
            await RemakeAsync(network);
            throw;
        }

        lock (_gate)
        {
            _networks.Remove(network.Id);
        }

        PublishEvent("destroy", network);
        _log.NetworkRemoved(network.Name, network.Id);
    }

    // A removal that failed half-way: the network is as usable as it was, or is told not to be.
    private async Task RemakeAsync(NetworkRecord network)
    {
        NetworkCell cell;
        lock (_gate)
        {
            cell = _networks[network.Id];
        }

        try
        {
            await Host.RunAsync(host => MakeOnHost(host, cell));
            _store.SetPending(network.Id, pending: false);
            lock (_gate)
            {
                cell.Record = network;
            }
        }
        catch (Exception error) when (error is IOException or EngineException or Microsoft.Data.Sqlite.SqliteException)
        {
            _log.UndoFailed($"keeping network {network.Name}, whose removal failed,", error.Message);
        }
    }

    /// <summary>An interface is about to be made on the host: it is ours to remove, as one that was there before is not.</summary>
    private void RememberMade(string link) => _store.SaveFact(MadeBridgeFact + link, "yes");

    /// <returns>Whether the interface was ours; it is to be removed then.</returns>
    private bool ForgetMade(string link)
    {
        var ours = _store.FindFact(MadeBridgeFact + link) == "yes";
        if (ours)
        {
            _store.DeleteFact(MadeBridgeFact + link);
        }

        return ours;
    }

    private void PublishEvent(string action, NetworkRecord network) => _events.Publish(
        EventType.Network, action, network.Id, new Dictionary<string, string> { ["name"] = network.Name, ["type"] = network.Driver });
}
