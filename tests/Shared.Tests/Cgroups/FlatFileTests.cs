using Berth.Shared.Cgroups;
using Berth.Shared.Cgroups.V1;
using Berth.Shared.Cgroups.V2;

namespace Berth.Shared.Tests.Cgroups;

public sealed class FlatFileTests
{
    [Fact]
    public void ParsePairs_MemoryStat_KeepsNumbers()
    {
        var pairs = FlatFile.ParsePairs("anon 4096\nfile 18446744073709551615\nodd line here\nempty\n");

        Assert.Equal(4096UL, pairs["anon"]);
        Assert.Equal(ulong.MaxValue, pairs["file"]);
        Assert.Equal(2, pairs.Count);
    }

    [Fact]
    public void ParsePressure_BothLines_AreRead()
    {
        var pressure = FlatFile.ParsePressure("some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=99\n");

        Assert.Equal(new PressureStats(new PressureLine(1.5, 0.25, 0, 12345), new PressureLine(0.5, 0, 0, 99)), pressure);
    }

    [Fact]
    public void ParseIo_V2_SplitsBytesAndOperations()
    {
        var io = CgroupV2.ParseIo("254:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0 cost.usage=5\n7:1 \n");

        Assert.Equal([new(254, 0, "Read", 10), new(254, 0, "Write", 20), new(254, 0, "Discard", 0)], io.ServiceBytes);
        Assert.Equal([new(254, 0, "Read", 1), new(254, 0, "Write", 2), new(254, 0, "Discard", 0)], io.Serviced);
    }

    [Fact]
    public void Parse_V1BlockIo_LeavesTheGrandTotalOut()
        => Assert.Equal([new(8, 0, "Read", 5), new(8, 0, "Total", 5)], V1BlockIo.Parse("8:0 Read 5\n8:0 Total 5\nTotal 5\n"));

    [Theory]
    [InlineData("hugepages-2048kB", "2MB")]
    [InlineData("hugepages-1048576kB", "1GB")]
    [InlineData("hugepages-64kB", "64KB")]
    public void Name_OfHugepages_IsAsInFileNames(string entry, string expected) => Assert.Equal(expected, HugepageSizes.Name(entry));
}
