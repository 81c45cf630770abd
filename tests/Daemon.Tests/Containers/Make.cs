using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;

namespace Berth.Daemon.Tests.Containers;

/// <summary>Containers and facts of a host for tests.</summary>
internal static class Make
{
    public static EngineFacts Facts { get; } = new()
    {
        Capabilities = CapabilitySet.Names.Where(name => name != "CAP_SYS_RESOURCE").ToHashSet(),
        IsCgroupV2 = false,
        Controllers = new HashSet<string> { "memory", "cpu", "pids" },
        HasSwapLimit = true,
        ProcessorCount = 2,
        RuntimeNames = new HashSet<string> { "runc" },
        DefaultRuntime = EngineFacts.OwnRuntime,
        DefaultShmSizeBytes = 64L << 20,
        DefaultLogDriver = "json-file",
    };

    public static ContainerConfig Config(Action<ContainerConfig>? change = null)
    {
        var config = new ContainerConfig { Cmd = ["true"], Image = "busybox" };
        change?.Invoke(config);
        return config;
    }

    public static HostConfig Host(Action<HostConfig>? change = null)
    {
        var host = new HostConfig();
        change?.Invoke(host);
        return host;
    }

    public static (ContainerPlan Plan, IReadOnlyList<string> Warnings) Plan(
        Action<HostConfig>? host = null, Action<ContainerConfig>? config = null, Dictionary<string, EndpointSettings>? endpoints = null, EngineFacts? facts = null)
        => ContainerPlanner.Plan(Config(config), Host(host), endpoints ?? [], facts ?? Facts);

    public static ContainerRecord Record(ContainerState? state = null, Action<HostConfig>? host = null, Action<ContainerConfig>? config = null)
    {
        var (c, h) = (Config(config), Host(host));
        var plan = ContainerPlanner.Plan(c, h, new Dictionary<string, EndpointSettings>(), Facts).Plan;
        return new ContainerRecord
        {
            Id = new string('a', 64),
            Name = "test",
            CreatedAt = DateTimeOffset.UnixEpoch,
            ImageName = "busybox",
            ImageId = "sha256:" + new string('b', 64),
            Config = c,
            HostConfig = h,
            Plan = plan,
            Mounts = plan.Mounts,
            State = state ?? new ContainerState.Created(),
        };
    }
}
