using System.Globalization;
using System.Net.Sockets;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

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
    UserNamespaceService userNamespaces,
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
            var users = userNamespaces.Find(container.Id);

            // The network namespace of a container with a user namespace must be made inside that, or its root could not so much as read its
            // own settings: there it comes with the container's first process, and is configured while that waits.
            var attaching = users is null ? AttachAsync(container, made: null, ct) : Task.FromResult<NetworkAttachment?>(null);
            undo.Push("release network", cleanup => ReleaseAsync(container.Id, attaching, cleanup));
            DirectoryMaker.Private(paths.Run(container.Id));
            undo.Push("remove run directory", () => Directory.Delete(paths.Run(container.Id), recursive: true));
            var supervisor = supervisors.Take();
            undo.Push("end supervisor", cleanup => EndAsync(supervisor, cleanup));

            undo.Push("release volumes", () => volumes.Release(container.Id));
            volumes.Mount(container, lowerDirectories);
            using var attachment = await attaching;
            var hostname = etcFiles.Hostname(container, joined.NetworkOwner);
            preparation.WriteConfiguration(container, lowerDirectories, attachment?.NamespacePath ?? joined.NetworkPath, joined, users, hostname,
                etcFiles.Write(container, hostname, attachment?.Networking, joined.NetworkOwner), held);
            File.Delete(paths.Exit(container.Id)); // of the run before: from here on the file tells of this one

            var receiver = await LogLaunch.ReceiverAsync(container, ct);
            SupervisorPidFile.Write(paths.SupervisorPid(container.Id), supervisor.Pid);
            await LetClientsAttachAsync(cell, supervisor.Control, ct);

            // No token: what is launched runs, whether or not the client still waits.
            var waits = users is not null && HasOwnNetwork(container);
            var launched = await supervisor.Control.LaunchAsync(Launch(container, lowerDirectories, users is not null, waits, receiver), waits ? ConfigureNetworkAsync : null, CancellationToken.None);
            undo.Complete();
            foreach (var warning in launched.Warnings)
            {
                log.ContainerWarning(container.Id, warning);
            }

            return new StartedRun(launched, supervisor.Control);

            async Task ConfigureNetworkAsync(int pid)
            {
                using var made = FilesAt.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"), OpenFlags.ReadOnly);
                attaching = AttachAsync(container, made, ct);
                using var attached = await attaching;
                etcFiles.Write(container, hostname, attached?.Networking, networkOwner: null);
            }
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

    /// <summary>Neither the host's network nor another container's.</summary>
    public static bool HasOwnNetwork(ContainerRecord container) => container.Plan.Network is { IsHost: false, SharedWith: null };

    /// <param name="made">The namespace to use; null: one is made. Stays the caller's.</param>
    private async Task<NetworkAttachment?> AttachAsync(ContainerRecord container, SafeFileHandle? made, CancellationToken ct)
    {
        if (!HasOwnNetwork(container))
        {
            return null;
        }

        var network = container.Plan.Network;
        var wanted = new NetworkAttachRequest
        {
            Namespace = made,
            ContainerId = container.Id,
            Name = container.Name,
            Hostname = container.Plan.Namespaces.Hostname,
            NetworkMode = network.Main,
            Endpoint = network.Endpoint,
            FurtherEndpoints = network.FurtherEndpoints,
            Ports = network.Ports,
        };
        try
        {
            return await networks.AttachAsync(wanted, ct);
        }
        catch (EngineException failure)
        {
            throw new EngineException(failure.Kind, $"failed to set up container networking: {failure.Message}", failure);
        }
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

    private SupervisorLaunch Launch(ContainerRecord container, string[] lowerDirectories, bool idMapped, bool waitsForNetwork, LogReceiver? receiver) => new()
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
            MapsWritable = idMapped,
            Volatile = container.Plan.AutoRemove, // its files go with it, so nothing need be synced
        },
        Log = LogLaunch.Files(container, paths.Log(container.Id)),
        LogReceiver = receiver,
        OpenStdin = container.Plan.Process.OpenStdin,
        StdinOnce = container.Plan.Process.StdinOnce,
        Init = container.Plan.Init,
        Watch = true,
        WaitsForNetwork = waitsForNetwork,
        ForeignRuntimePath = Runtime(container),
        ForeignRuntimeArguments = container.Plan.Runtime is { } runtime ? [.. options.Value.RuntimeArguments.GetValueOrDefault(runtime, [])] : [],
    };

    private string? Runtime(ContainerRecord container) => container.Plan.Runtime is not { } name ? null
        : options.Value.Runtimes.TryGetValue(name, out var path) ? path
        : throw new EngineException(ErrorKind.InvalidArgument, $"unknown or invalid runtime name: {name}: the daemon's configuration no longer has it");
}

/// <param name="Control">Goes on with the run's events; owned by whoever watches it.</param>
internal sealed record StartedRun(SupervisorLaunched Launched, SupervisorConnection Control);
