using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Fills in what a HostConfig leaves open, so that inspect shows what the container will have; planning it again gives the same plan.</summary>
internal static class HostConfigDefaults
{
    /// <param name="host">Of the request; changed.</param>
    public static HostConfig Apply(HostConfig host, EngineFacts facts)
    {
        host.NetworkMode = host.NetworkMode is null or "" or "default" ? "bridge" : host.NetworkMode;
        host.IpcMode = OrElse(host.IpcMode, facts.DefaultIpcMode);
        host.CgroupnsMode = OrElse(host.CgroupnsMode, CgroupnsMode(host.Privileged == true, facts));
        host.PidMode ??= "";
        host.UTSMode ??= "";
        host.UsernsMode ??= "";
        host.Cgroup ??= "";
        host.CgroupParent ??= "";
        host.ContainerIDFile ??= "";
        host.VolumeDriver ??= "";
        host.Isolation ??= "";
        host.CpusetCpus ??= "";
        host.CpusetMems ??= "";
        host.Runtime = OrElse(host.Runtime, facts.DefaultRuntime);
        host.RestartPolicy = new RestartPolicy { Name = OrElse(host.RestartPolicy?.Name, "no"), MaximumRetryCount = host.RestartPolicy?.MaximumRetryCount ?? 0 };
        host.LogConfig = LogConfig(host.LogConfig, facts);
        host.PortBindings ??= [];
        host.ConsoleSize ??= [0, 0];
        host.ShmSize = host.ShmSize is not (null or 0) ? host.ShmSize : facts.DefaultShmSizeBytes;
        host.AutoRemove ??= false;
        host.Privileged ??= false;
        host.PublishAllPorts ??= false;
        host.ReadonlyRootfs ??= false;
        host.OomScoreAdj ??= 0;
        host.CpuShares ??= 0;
        host.Memory ??= 0;
        host.NanoCpus ??= 0;
        host.BlkioWeight ??= 0;
        host.CpuPeriod ??= 0;
        host.CpuQuota ??= 0;
        host.CpuRealtimePeriod ??= 0;
        host.CpuRealtimeRuntime ??= 0;
        host.MemoryReservation ??= 0;
        host.MemorySwap = host is { Memory: > 0, MemorySwap: null or 0 } && facts.HasSwapLimit ? host.Memory * 2 : host.MemorySwap ?? 0;
        host.MemorySwappiness = host.MemorySwappiness == -1 ? null : host.MemorySwappiness; // -1 is how clients write "not given"
        host.CpuCount ??= 0;
        host.CpuPercent ??= 0;
        host.IOMaximumIOps ??= 0;
        host.IOMaximumBandwidth ??= 0;
        AddUlimits(host, facts);
        if (host.Privileged != true && !(host.SecurityOpt ?? []).Contains("systempaths=unconfined"))
        {
            host.MaskedPaths ??= [.. ContainerPlanner.DefaultMaskedPaths];
            host.ReadonlyPaths ??= [.. ContainerPlanner.DefaultReadonlyPaths];
        }

        return host;
    }

    // On v1 a privileged container sees the host's hierarchies whatever the daemon's default is, as in Docker.
    private static string CgroupnsMode(bool privileged, EngineFacts facts)
        => privileged && !facts.IsCgroupV2 ? "host" : facts.DefaultCgroupnsMode ?? (facts.IsCgroupV2 ? "private" : "host");

    private static void AddUlimits(HostConfig host, EngineFacts facts)
    {
        var missing = facts.DefaultUlimits.Where(limit => !(host.Ulimits ?? []).Exists(own => own.Name == limit.Key)).ToArray();
        if (missing.Length > 0)
        {
            host.Ulimits = [.. host.Ulimits ?? [], .. missing.Select(limit => new Ulimit { Name = limit.Key, Soft = limit.Value.Soft, Hard = limit.Value.Hard })];
        }
    }

    private static string OrElse(string? text, string otherwise) => string.IsNullOrEmpty(text) ? otherwise : text;

    // The daemon's own options are kept with the container: it goes on as it was made when they change.
    private static LogConfig LogConfig(LogConfig? own, EngineFacts facts)
    {
        var type = OrElse(own?.Type, facts.DefaultLogDriver);
        var options = new Dictionary<string, string>(
            type == facts.DefaultLogDriver ? facts.DefaultLogOptions : new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in own?.Config ?? [])
        {
            options[key] = value;
        }

        return new LogConfig { Type = type, Config = options };
    }
}
