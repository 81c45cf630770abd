using Berth.Shared.Cgroups.V2;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Shared.Tests.Cgroups;

public sealed class V2ConversionsTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(1024, 100)]
    [InlineData(262144, 10000)]
    [InlineData(1, 1)]
    [InlineData(1_000_000, 10000)]
    public void CpuWeight_FixedPoints_AreMet(ulong shares, ulong weight) => Assert.Equal(weight, V2Conversions.CpuWeight(shares));

    [Fact]
    public void CpuWeight_MoreShares_IsNeverLess()
    {
        var last = 0UL;
        for (ulong shares = 2; shares <= 262144; shares += 17)
        {
            var weight = V2Conversions.CpuWeight(shares);
            Assert.InRange(weight, Math.Max(last, 1), 10000UL);
            last = weight;
        }
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(1000, 10000)]
    [InlineData(500, 4950)]
    public void IoWeight_Ends_Meet(int weight, ulong expected) => Assert.Equal(expected, V2Conversions.IoWeight((ushort)weight));

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(100L, null, null)]
    [InlineData(100L, 0L, null)]
    [InlineData(-1L, null, -1L)]
    [InlineData(100L, -1L, -1L)]
    [InlineData(100L, 100L, 0L)]
    [InlineData(100L, 250L, 150L)]
    public void SwapOnly_OfBoth_IsTheDifference(long? limit, long? swap, long? expected)
        => Assert.Equal(expected, V2Conversions.SwapOnly(new OciMemory { Limit = limit, Swap = swap }));

    [Theory]
    [InlineData(null, 100L)]
    [InlineData(100L, 50L)]
    public void SwapOnly_Contradiction_IsInvalid(long? limit, long? swap)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => V2Conversions.SwapOnly(new OciMemory { Limit = limit, Swap = swap })).Kind);
}
