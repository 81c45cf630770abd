using Berth.Daemon.Containers.Stats;

namespace Berth.Daemon.Tests.Containers.Stats;

public sealed class StatsTests
{
    [Fact]
    public void HostCpu_Lines_AreSummedWithoutGuestTime()
    {
        var cpu = HostCpu.Parse(["cpu  1 2 3 4 5 6 7 8 9 10", "cpu0 1 1 1 1 1 1 1 0 0 0", "cpu1 0 1 2 3 4 5 6 0 0 0", "intr 5", "cpufreq 7"]);

        Assert.Equal(new HostCpu(28 * 10_000_000UL, 2), cpu);
    }

    [Fact]
    public void InterfaceTraffic_Lines_GiveInterfacesWithoutLoopback()
    {
        var interfaces = InterfaceTraffic.Parse(
        [
            "Inter-|   Receive                                                |  Transmit",
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
            "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0",
            "  eth0:1234 11 12 13 0 0 0 0 5678 21 22 23 0 0 0 0",
        ]);

        var eth0 = Assert.Single(interfaces);
        Assert.Equal("eth0", eth0.Key);
        Assert.Equal((1234UL, 11UL, 12UL, 13UL), (eth0.Value.Rx_bytes, eth0.Value.Rx_packets, eth0.Value.Rx_errors, eth0.Value.Rx_dropped));
        Assert.Equal((5678UL, 21UL, 22UL, 23UL), (eth0.Value.Tx_bytes, eth0.Value.Tx_packets, eth0.Value.Tx_errors, eth0.Value.Tx_dropped));
    }
}
