using System.Net.Sockets;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Makes one run of a container: network, files, configuration, supervisor, launch; and undoes all of it when a part fails.</summary>
internal sealed class ContainerRunner(
    InForce<DaemonOptions> options,
    ContainerPaths paths,
    ContainerIndex containers,
    ImageService images,
    SnapshotService snapshots,
    NetworkService networks,
    RunPreparation preparation,
    EtcFiles etcFiles,
    SupervisorPool supervisors,
    ContainerVolumes volumes,
    ILogger<ContainerRunner> log)
{
    // Clients that asked to be attached first are local sockets of ours; one that can't keep up must not hold the container back.
    private static readonly TimeSpan AttachDeadline = TimeSpan.FromSeconds(5);

    /// <summary>Starts the container. The caller has written its intent, and saves the record.</summary>
    /// <exception cref="EngineException">Nothing of the run is left.</exception>
    public async Task<StartedRun> StartAsync(ContainerCell cell, CancellationToken ct)
    {
        var container = cell.Record;
        var lowerDirectories = snapshots.LowerDirectories(images.FindById(container.ImageId)
            ?? throw new EngineException(ErrorKind.Internal, $"image {container.ImageId} of container {container.Id} is gone"));
        var held = new List<IDisposable>();
        await using var undo = new Rollback(log);
        undo.Push("tell waiting clients", () => GiveUpAttaches(cell));
        try
        {
            using var joined = JoinedNamespaces.Open(container.Plan, containers);
            var attaching = AttachAsync(container, ct);
            undo.Push("release network", cleanup => ReleaseAsync(container.Id, attaching, cleanup));
            DirectoryMaker.Private(paths.Run(container.Id));
            undo.Push("remove run directory", () => Directory.Delete(paths.Run(container.Id), recursive: true));
            var supervisor = supervisors.Take();
            undo.Push("end supervisor", cleanup => EndAsync(supervisor, cleanup));

            undo.Push("release volumes", () => volumes.Release(container.Id));
            volumes.Mount(container, lowerDirectories);
            using var attachment = await attaching;
            var hostname = etcFiles.Hostname(container, joined.NetworkOwner);
            preparation.WriteConfiguration(container, lowerDirectories, attachment?.NamespacePath ?? joined.NetworkPath, joined, hostname,
                etcFiles.Write(container, hostname, attachment?.Networking, joined.NetworkOwner), held);
            File.Delete(paths.Exit(container.Id)); // of the run before: from here on the file tells of this one

            var receiver = await LogLaunch.ReceiverAsync(container, ct);
            SupervisorPidFile.Write(paths.SupervisorPid(container.Id), supervisor.Pid);
            await LetClientsAttachAsync(cell, supervisor.Control, ct);

            // No token: what is launched runs, whether or not the client still waits.
            var launched = await supervisor.Control.LaunchAsync(Launch(container, lowerDirectories, receiver), CancellationToken.None);
            undo.Complete();
            foreach (var warning in launched.Warnings)
            {
                log.ContainerWarning(container.Id, warning);
            }

            return new StartedRun(launched, supervisor.Control);
        }
        catch (SupervisorException refused)
        {
            throw new LaunchFailedException(refused.Failure, refused);
        }
        catch (Exception ended) when (ended is EndOfStreamException or SocketException)
        {
            throw new EngineException(ErrorKind.Internal, $"the supervisor of container {container.Id} ended before the launch", ended);
        }
        finally
        {
            held.ForEach(handle => handle.Dispose());
        }
    }

    private async Task<NetworkAttachment?> AttachAsync(ContainerRecord container, CancellationToken ct)
    {
        var network = container.Plan.Network;
        if (network.IsHost || network.SharedWith is not null)
        {
            return null;
        }

        return await networks.AttachAsync(new NetworkAttachRequest
        {
            ContainerId = container.Id,
            Name = container.Name,
            Hostname = container.Plan.Namespaces.Hostname,
            NetworkMode = network.Main,
            Endpoint = network.Endpoint,
            FurtherEndpoints = network.FurtherEndpoints,
            Ports = network.Ports,
        }, ct);
    }

    private async Task ReleaseAsync(string id, Task<NetworkAttachment?> attaching, CancellationToken ct)
    {
        await Task.WhenAny(attaching);
        if (attaching.IsCompletedSuccessfully)
        {
            (await attaching)?.Dispose();
            await networks.ReleaseAsync(id);
        }
    }

    private static async Task EndAsync(SupervisorProcess supervisor, CancellationToken ct)
    {
        supervisor.Dispose(); // before the launch that ends it; a launch that failed has ended it already
        await supervisor.Exit.WaitAsync(ct);
    }

    private static void GiveUpAttaches(ContainerCell cell)
    {
        foreach (var pending in cell.PendingAttaches())
        {
            pending.GiveUp(new EngineException(ErrorKind.Conflict, $"container {cell.Id} could not be started"));
        }
    }

    private async Task LetClientsAttachAsync(ContainerCell cell, SupervisorConnection control, CancellationToken ct)
    {
        var waiting = cell.PendingAttaches();
        if (waiting.Length == 0)
        {
            return;
        }

        var socket = paths.SupervisorSocket(cell.Id);
        await control.ListenAsync(socket, ct);
        foreach (var pending in waiting)
        {
            pending.Listening(socket);
        }

        await Task.WhenAny(Task.WhenAll(waiting.Select(pending => pending.Settled)), Task.Delay(AttachDeadline, ct));
    }

    private SupervisorLaunch Launch(ContainerRecord container, string[] lowerDirectories, LogReceiver? receiver) => new()
    {
        ContainerId = container.Id,
        BundlePath = paths.Directory(container.Id),
        SocketPath = paths.SupervisorSocket(container.Id),
        ExitPath = paths.Exit(container.Id),
        Rootfs = new OverlayRootfs
        {
            LowerDirectories = lowerDirectories,
            UpperDirectory = paths.Diff(container.Id),
            WorkDirectory = paths.Work(container.Id),
            Volatile = container.Plan.AutoRemove, // its files go with it, so nothing need be synced
        },
        Log = LogLaunch.Files(container, paths.Log(container.Id)),
        LogReceiver = receiver,
        OpenStdin = container.Plan.Process.OpenStdin,
        StdinOnce = container.Plan.Process.StdinOnce,
        Init = container.Plan.Init,
        Watch = true,
        ForeignRuntimePath = Runtime(container),
        ForeignRuntimeArguments = container.Plan.Runtime is { } runtime ? [.. options.Value.RuntimeArguments.GetValueOrDefault(runtime, [])] : [],
    };

    private string? Runtime(ContainerRecord container) => container.Plan.Runtime is not { } name ? null
        : options.Value.Runtimes.TryGetValue(name, out var path) ? path
        : throw new EngineException(ErrorKind.InvalidArgument, $"unknown or invalid runtime name: {name}: the daemon's configuration no longer has it");
}

/// <param name="Control">Goes on with the run's events; owned by whoever watches it.</param>
internal sealed record StartedRun(SupervisorLaunched Launched, SupervisorConnection Control);
