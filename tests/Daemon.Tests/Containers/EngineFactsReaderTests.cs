using Berth.Daemon.Containers.Lifecycle;
using Berth.Shared.Linux;

namespace Berth.Daemon.Tests.Containers;

public sealed class EngineFactsReaderTests
{
    [Theory]
    [InlineData("-500\n", 0)]
    [InlineData("0\n", null)]
    [InlineData("200\n", null)]
    public void OwnOomScoreAdj_OfAProtectedDaemon_IsNotPassedOn(string own, int? expected)
        => Assert.Equal(expected, EngineFactsReader.OwnOomScoreAdj(own));

    [Theory]
    [InlineData(524288, 1024)]
    [InlineData(512, 512)]
    public void OpenFiles_KeepTheHardLimitAndTheKernelsSoftOne(ulong hard, ulong soft)
    {
        var limit = EngineFactsReader.OpenFiles(new Privileges.ResourceLimit { Soft = hard, Hard = hard });

        Assert.Equal((soft, hard), (limit.Soft, limit.Hard));
    }

    [Fact]
    public void BoundingSet_IsReadFromItsBits()
        => Assert.Equal(["CAP_CHOWN", "CAP_DAC_READ_SEARCH"], EngineFactsReader.BoundingSet("Name:\tx\nCapBnd:\t0000000000000005\n").Order());
}
