using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers;

/// <summary>What has to be set in a living cgroup when a container's limits change.</summary>
internal static class LimitChanges
{
    /// <summary>Only what differs: to set the rest again could fail for reasons that are not the caller's.</summary>
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument: a path is no block device.</exception>
    public static OciResources Between(ResourcePlan before, ResourcePlan after) => new()
    {
        // Whole: their parts depend on one another.
        Memory = before.Limits.Memory == after.Limits.Memory ? null : after.Limits.Memory,
        Cpu = before.Limits.Cpu == after.Limits.Cpu ? null : after.Limits.Cpu,
        Pids = before.Limits.Pids == after.Limits.Pids ? null : after.Limits.Pids ?? new OciPids(-1),
        BlockIo = RunPreparation.BlockIo(new ResourcePlan
        {
            Limits = new OciResources
            {
                BlockIo = before.Limits.BlockIo?.Weight == after.Limits.BlockIo?.Weight ? null : new OciBlockIo { Weight = after.Limits.BlockIo?.Weight },
            },
            Weights = Changed(before.Weights, after.Weights),
            ReadBps = Rates(before.ReadBps, after.ReadBps),
            WriteBps = Rates(before.WriteBps, after.WriteBps),
            ReadIops = Rates(before.ReadIops, after.ReadIops),
            WriteIops = Rates(before.WriteIops, after.WriteIops),
        }),
    };

    // Rate 0 lifts what was set.
    private static BlockDeviceRate[] Rates(IReadOnlyList<BlockDeviceRate> before, IReadOnlyList<BlockDeviceRate> after)
        => [.. Changed(before, after), .. before.Where(old => after.All(now => now.Path != old.Path)).Select(old => old with { Value = 0 })];

    private static BlockDeviceRate[] Changed(IReadOnlyList<BlockDeviceRate> before, IReadOnlyList<BlockDeviceRate> after) => [.. after.Except(before)];
}
