using Berth.Daemon.Containers;
using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Tests.Containers;

public sealed class LimitChangesTests
{
    private static OciResources Between(Action<HostConfig> before, Action<HostConfig> after)
        => LimitChanges.Between(Make.Plan(before).Plan.Resources, Make.Plan(after).Plan.Resources);

    [Fact]
    public void Between_TheSame_IsNothing()
        => Assert.Equal(new OciResources(), Between(host => (host.Memory, host.PidsLimit, host.NanoCpus) = (64 << 20, 5, 500_000_000), host => (host.Memory, host.PidsLimit, host.NanoCpus) = (64 << 20, 5, 500_000_000)));

    [Fact]
    public void Between_OtherMemory_IsMemoryAlone()
    {
        var changes = Between(host => (host.Memory, host.CpuShares) = (64 << 20, 512), host => (host.Memory, host.CpuShares) = (128 << 20, 512));

        Assert.Equal(new OciMemory { Limit = 128 << 20, Swap = 256 << 20 }, changes.Memory);
        Assert.Null(changes.Cpu);
    }

    [Fact]
    public void Between_PidsLimitTakenAway_IsUnlimited()
        => Assert.Equal(new OciPids(-1), Between(host => host.PidsLimit = 5, host => host.PidsLimit = -1).Pids);
}
