using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Containers;

/// <summary>Containers as things that are made, named, waited for and removed; what they do in between is <see cref="ContainerLifecycle"/>'s.</summary>
internal sealed class ContainerService(
    ContainerIndex containers,
    ContainerStore store,
    ContainerPaths paths,
    ImageService images,
    MountResolver mounts,
    StorageLimit storage,
    UserNamespaceService userNamespaces,
    InForce<EngineFacts> facts,
    ContainerLifecycle lifecycle,
    ContainerRemoval removal,
    NetworkService networks,
    ContainerEvents events,
    TimeProvider clock,
    ILogger<ContainerService> log) : IImageUsers
{
    private const int NameAttempts = 64;

    /// <summary>By whole id, name (with or without a leading slash), or unique beginning of an id.</summary>
    /// <exception cref="EngineException">NotFound; InvalidArgument: several ids begin so.</exception>
    public ContainerCell Resolve(string idOrName) => containers.Resolve(idOrName);

    /// <summary>Makes a container that has yet to be started.</summary>
    /// <param name="name">Null or empty: one is made up.</param>
    /// <exception cref="EngineException">InvalidArgument; NotFound: no such image; Conflict: the name is taken.</exception>
    public CreatedContainer Create(string? name, Platform? platform, ContainerCreateRequest request)
    {
        var wanted = CheckName(name);
        if (string.IsNullOrEmpty(request.Image))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "no image was named: Config.Image is empty");
        }

        var (image, hold) = Hold(request.Image, platform);
        using (hold)
        {
            var config = ImageDefaults.Merge(request, image.Config.Config);
            var known = facts.Value;
            var host = HostConfigDefaults.Apply(request.HostConfig ?? new HostConfig(), known);
            var endpoints = RequestedEndpoints.Of(
                request.NetworkingConfig, config.NetworkDisabled == true ? "none" : host.NetworkMode!, network => networks.Find(network)?.Name);
            var (plan, warnings) = ContainerPlanner.Plan(config, host, endpoints, known);
            CheckOtherContainers(plan);

            var id = ContainerName.NewId();
            var record = new ContainerRecord
            {
                Id = id,
                Name = Reserve(wanted, id),
                CreatedAt = clock.GetUtcNow(),
                ImageName = request.Image,
                ImageId = image.Id,
                Config = config,
                HostConfig = host,
                Endpoints = endpoints,
                Plan = plan,
            };
            ResolvedMounts? resolved = null;
            try
            {
                resolved = mounts.Resolve(plan, image);
                record = record with { Mounts = resolved.Mounts };
                userNamespaces.Assign(id, plan.Namespaces.User);
                DirectoryMaker.Private(paths.Directory(id));
                DirectoryMaker.Root(paths.Diff(id));
                DirectoryMaker.Root(paths.Work(id));
                if (plan.StorageSizeBytes is { } size)
                {
                    storage.Set(id, size);
                }

                store.Insert(record);
            }
            catch
            {
                resolved?.Dispose();
                storage.Release(id);
                containers.Release(record.Name, id);
                userNamespaces.Release(id);
                if (Directory.Exists(paths.Directory(id)))
                {
                    Directory.Delete(paths.Directory(id), recursive: true);
                }

                throw;
            }

            containers.Add(new ContainerCell(record, store));
            resolved.Complete();
            resolved.Dispose();
            events.Publish("create", record);
            log.ContainerCreated(id, request.Image);
            return new CreatedContainer(id, warnings);
        }
    }

    /// <exception cref="EngineException">NotFound; InvalidArgument: not a name; Conflict: the name is taken.</exception>
    public async Task RenameAsync(string idOrName, string? name, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        var next = CheckName(name) ?? throw new EngineException(ErrorKind.InvalidArgument, "Neither old nor new names may be empty");
        using var turn = await cell.EnterAsync(ct);
        var old = turn.Record.Name;
        if (next == old)
        {
            throw ContainerErrors.SameName(next);
        }

        containers.Reserve(next, cell.Id);
        try
        {
            turn.Save(turn.Record with { Name = next });
        }
        catch
        {
            containers.Release(next, cell.Id);
            throw;
        }

        containers.Release(old, cell.Id);
        networks.Rename(cell.Id, next);
        events.Publish("rename", turn.Record, ("oldName", "/" + old));
    }

    /// <param name="force">Kill it when it runs.</param>
    /// <param name="removeVolumes">Its anonymous volumes go too.</param>
    /// <exception cref="EngineException">NotFound; Conflict: it runs, or is being removed.</exception>
    public async Task RemoveAsync(string idOrName, bool force, bool removeVolumes, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        if (cell.Record.IsBeingRemoved)
        {
            throw ContainerErrors.RemovalInProgress(idOrName);
        }

        var autoRemoves = cell.Record is { IsLive: true, Plan.AutoRemove: true };
        if (force)
        {
            await lifecycle.EndAsync(cell, ct);
        }

        try
        {
            using var turn = await cell.EnterAsync(CancellationToken.None);
            RefuseWhileActive(turn.Record);
            removal.Remove(turn, removeVolumes);
        }
        catch (EngineException gone) when (autoRemoves && gone.Kind == ErrorKind.NotFound)
        {
            // It was to remove itself when it ended, and was quicker.
        }
    }

    /// <summary>Removes all containers at rest that the filter lets through.</summary>
    /// <returns>Their ids, and the bytes of their writable layers.</returns>
    public async Task<(IReadOnlyList<string> Ids, long Bytes)> PruneAsync(Func<ContainerRecord, bool> filter, CancellationToken ct)
    {
        var removed = new List<string>();
        long bytes = 0;
        foreach (var cell in containers.All.ToArray())
        {
            if (cell.Record is not { State: ContainerState.Created or ContainerState.Exited, IsBeingRemoved: false } || !filter(cell.Record))
            {
                continue;
            }

            using var turn = await cell.EnterAsync(ct);
            if (turn.Record is not { State: ContainerState.Created or ContainerState.Exited })
            {
                continue; // started meanwhile
            }

            var size = TreeSize.Of(paths.Diff(cell.Id));
            removal.Remove(turn, removeVolumes: false);
            removed.Add(cell.Id);
            bytes += size;
        }

        return (removed, bytes);
    }

    /// <summary>What to await for a wait request; to be taken before its headers are sent.</summary>
    /// <param name="condition">"not-running", "next-exit" or "removed"; null or empty means the first.</param>
    public Task<RunEnd> Wait(string idOrName, string? condition)
    {
        var cell = containers.Resolve(idOrName);
        return condition switch
        {
            null or "" or "not-running" => WaitForRest(cell),
            "next-exit" => cell.NextExit,
            "removed" => cell.Removed,
            _ => throw ContainerErrors.InvalidWaitCondition(condition),
        };
    }

    public IReadOnlyList<ImageUse> UsersOf(string imageId)
        => [.. containers.All
            .Where(cell => cell.Record.ImageId == imageId || cell.Record.Mounts.Any(mount => mount is MountPlan.Image image && image.ImageId == imageId))
            .Select(cell => new ImageUse(cell.Id, cell.Record.IsLive))];

    private static Task<RunEnd> WaitForRest(ContainerCell cell)
    {
        // Taken before the state is looked at: an exit in between completes it.
        var exit = cell.NextExit;
        return cell.Record.State switch
        {
            ContainerState.Created created => Task.FromResult(new RunEnd(created.ExitCode, created.Error)),
            ContainerState.Exited exited => Task.FromResult(new RunEnd(exited.ExitCode, exited.Error)),
            _ => exit,
        };
    }

    private static void RefuseWhileActive(ContainerRecord container)
    {
        switch (container.State)
        {
            case ContainerState.Running:
                throw ContainerErrors.RemoveWhile(container.Name, "running", "stop the container before removing or force remove");
            case ContainerState.Paused:
                throw ContainerErrors.RemoveWhile(container.Name, "paused", "container must be unpaused before it can be removed, or force remove");
            case ContainerState.Restarting:
                throw ContainerErrors.RemoveWhile(container.Name, "restarting", "stop the container before removing or force remove");
        }
    }

    private (ImageRecord Image, IDisposable Hold) Hold(string image, Platform? platform)
    {
        try
        {
            return images.ResolveAndHold(image, platform);
        }
        catch (EngineException malformed) when (malformed.Kind == ErrorKind.InvalidArgument && !malformed.Message.Contains(image, StringComparison.Ordinal))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"{malformed.Message}: Config.Image is \"{image}\"", malformed);
        }
    }

    private static string? CheckName(string? name)
    {
        var bare = name?.StartsWith('/') == true ? name[1..] : name;
        return string.IsNullOrEmpty(bare) ? null : ContainerName.IsValid(bare) ? bare : throw ContainerErrors.InvalidName(bare);
    }

    private string Reserve(string? wanted, string id)
    {
        if (wanted is not null)
        {
            containers.Reserve(wanted, id);
            return wanted;
        }

        for (var attempt = 0; attempt < NameAttempts; attempt++)
        {
            var name = ContainerName.Random(attempt);
            if (containers.OwnerOf(name) is null)
            {
                containers.Reserve(name, id);
                return name;
            }
        }

        containers.Reserve(id[..12], id);
        return id[..12];
    }

    private void CheckOtherContainers(ContainerPlan plan)
    {
        // Not a 404: clients take that for the image's absence, and pull it.
        if (plan.Network.SharedWith is { } owner && containers.Find(owner) is null)
        {
            throw ContainerErrors.AbsentPartner($"joining network namespace of container: No such container: {owner}");
        }

        foreach (var other in (string?[])[plan.Namespaces.Pid.Container, plan.Namespaces.Ipc.Container])
        {
            if (other is not null && containers.Find(other) is null)
            {
                throw ContainerErrors.AbsentPartner($"No such container: {other}");
            }
        }

        // On other networks a link is only a name, that may be made later.
        foreach (var link in plan.Network.Mode == NetworkRecord.DefaultName ? plan.Network.Endpoint.Links : [])
        {
            if (ContainerLinks.Parse(link) is { } parsed && containers.Find(parsed.Container) is null)
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"could not get container for {parsed.Container}: {ContainerErrors.NotFound(parsed.Container).Message}");
            }
        }
    }
}

internal sealed record CreatedContainer(string Id, IReadOnlyList<string> Warnings);
