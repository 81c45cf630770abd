using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Volumes;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Queries;

/// <summary>All about one container.</summary>
internal sealed class ContainerInspection(
    ContainerIndex containers, ContainerPaths paths, ImageService images, SnapshotService snapshots, VolumeService volumes, ContainerNetworks networks, IEnumerable<IRunningExecs> execs)
{
    /// <param name="withSize">Count the bytes of the writable layer, and those of the image.</param>
    public ContainerInspect Inspect(string idOrName, bool withSize)
    {
        var container = containers.Resolve(idOrName).Record;
        var image = images.FindById(container.ImageId);
        var written = withSize ? TreeSize.Of(paths.Diff(container.Id)) : (long?)null;
        var execIds = execs.SelectMany(feature => feature.IdsOf(container.Id)).ToList();
        return new ContainerInspect
        {
            Id = container.Id,
            Created = ContainerText.Time(container.CreatedAt),
            Path = container.Plan.Process.Arguments[0],
            Args = [.. container.Plan.Process.Arguments.Skip(1)],
            State = State(container),
            Image = container.ImageId,
            ResolvConfPath = paths.ResolvConf(container.Id),
            HostnamePath = paths.Hostname(container.Id),
            HostsPath = paths.Hosts(container.Id),
            LogPath = container.Plan.Log.Driver is Planning.LogDriver.JsonFile or Planning.LogDriver.Local ? paths.Log(container.Id) : "",
            Name = "/" + container.Name,
            RestartCount = container.RestartCount,
            Driver = "overlay2",
            Platform = "linux",
            MountLabel = "",
            ProcessLabel = "",
            AppArmorProfile = "",
            ExecIDs = execIds.Count == 0 ? null : execIds,
            HostConfig = container.HostConfig,
            GraphDriver = new StorageDriverData
            {
                Name = "overlay2",
                Data = new Dictionary<string, string>
                {
                    ["ID"] = container.Id,
                    ["LowerDir"] = image is null ? "" : string.Join(':', snapshots.LowerDirectories(image)),
                    ["UpperDir"] = paths.Diff(container.Id),
                    ["WorkDir"] = paths.Work(container.Id),
                },
            },
            SizeRw = written,
            SizeRootFs = written + (image?.SizeBytes ?? 0),
            Mounts = MountPoints(container),
            Config = Config(container),
            NetworkSettings = networks.Settings(container, networks.Current(container)),
        };
    }

    public List<MountPoint> MountPoints(ContainerRecord container)
    {
        var points = new List<MountPoint>();
        foreach (var mount in container.Mounts)
        {
            switch (mount)
            {
                case MountPlan.Bind bind:
                    points.Add(new MountPoint
                    {
                        Type = "bind",
                        Source = bind.Source,
                        Destination = bind.Target,
                        Mode = bind.Mode,
                        RW = !bind.ReadOnly,
                        Propagation = bind.Propagation,
                    });
                    break;
                case MountPlan.Volume volume:
                    points.Add(new MountPoint
                    {
                        Type = "volume",
                        Name = volume.Name,
                        Source = volumes.DirectoryOf(volume.Name),
                        Destination = volume.Target,
                        Driver = VolumeRecord.Driver,
                        Mode = volume.Mode,
                        RW = !volume.ReadOnly,
                        Propagation = "",
                    });
                    break;
                case MountPlan.Image files:
                    points.Add(new MountPoint { Type = "image", Name = files.Source, Source = files.ImageId, Destination = files.Target, Mode = "", RW = false, Propagation = "" });
                    break;
                case MountPlan.Tmpfs tmpfs when container.HostConfig.Tmpfs?.ContainsKey(tmpfs.Target) != true: // those are in HostConfig alone
                    points.Add(new MountPoint { Type = "tmpfs", Source = "", Destination = tmpfs.Target, Mode = "", RW = !tmpfs.ReadOnly, Propagation = "" });
                    break;
            }
        }

        return points;
    }

    private static ContainerConfig Config(ContainerRecord container)
    {
        var config = container.Config;
        return string.IsNullOrEmpty(config.Hostname) && container.Plan.Namespaces.Uts.Kind != NamespaceKind.Host && container.Plan.Network.SharedWith is null
            ? WithHostname(config, container.Plan.Network.IsHost ? Environment.MachineName : container.Id[..12])
            : config;
    }

    private static ContainerConfig WithHostname(ContainerConfig config, string hostname) => new()
    {
        Hostname = hostname,
        Domainname = config.Domainname,
        User = config.User,
        AttachStdin = config.AttachStdin,
        AttachStdout = config.AttachStdout,
        AttachStderr = config.AttachStderr,
        ExposedPorts = config.ExposedPorts,
        Tty = config.Tty,
        OpenStdin = config.OpenStdin,
        StdinOnce = config.StdinOnce,
        Env = config.Env,
        Cmd = config.Cmd,
        Healthcheck = config.Healthcheck,
        ArgsEscaped = config.ArgsEscaped,
        Image = config.Image,
        Volumes = config.Volumes,
        WorkingDir = config.WorkingDir,
        Entrypoint = config.Entrypoint,
        NetworkDisabled = config.NetworkDisabled,
        MacAddress = config.MacAddress,
        OnBuild = config.OnBuild,
        Labels = config.Labels,
        StopSignal = config.StopSignal,
        StopTimeout = config.StopTimeout,
        Shell = config.Shell,
    };

    private static ContainerHealth Describe(HealthState health) => new()
    {
        Status = HealthState.Word(health.Status),
        FailingStreak = health.FailingStreak,
        Log = [.. health.Log.Select(result => new HealthCheckResult
        {
            Start = ContainerText.Time(result.Start),
            End = ContainerText.Time(result.End),
            ExitCode = result.ExitCode,
            Output = result.Output,
        })],
    };

    private static ContainerInspectState State(ContainerRecord container)
    {
        var state = new ContainerInspectState
        {
            Status = ContainerText.State(container),
            Running = container.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting,
            Paused = container.State is ContainerState.Paused,
            Restarting = container.State is ContainerState.Restarting,
            OOMKilled = false,
            Dead = false,
            Pid = container.State.LivePid ?? 0,
            ExitCode = 0,
            Error = "",
            StartedAt = ContainerText.Time(container.StartedAt),
            FinishedAt = ContainerText.NoTime,
            Health = container.Health is { } health ? Describe(health) : null,
        };
        switch (container.State)
        {
            case ContainerState.Created created:
                (state.ExitCode, state.Error) = (created.ExitCode, created.Error ?? "");
                break;
            case ContainerState.Restarting waiting:
                (state.ExitCode, state.OOMKilled, state.FinishedAt) = (waiting.ExitCode, waiting.OomKilled, ContainerText.Time(waiting.FinishedAt));
                break;
            case ContainerState.Exited exited:
                (state.ExitCode, state.OOMKilled, state.FinishedAt, state.Error)
                    = (exited.ExitCode, exited.OomKilled, ContainerText.Time(exited.FinishedAt), exited.Error ?? "");
                break;
        }

        return state;
    }
}
