using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Tests.Containers.UserNamespaces;

public sealed class SubordinateIdsTests
{
    private static readonly Dictionary<string, string> Etc = new()
    {
        ["passwd"] = "root:x:0:0::/root:/bin/sh\nci:x:1001:1001::/home/ci:/bin/sh\n",
        ["group"] = "builders:x:2002:\n",
        ["subuid"] = "# ranges\nci:100000:65536\n1001:300000:10\nsmall:500:1\nberthremap:700000:65536\nhuge:2147483000:65536\n",
        ["subgid"] = "1001:200000:65536\nbuilders:400000:65536\nberthremap:800000:65536\n",
    };

    [Theory]
    [InlineData("ci", "0:100000:65536,65536:300000:10", "0:200000:65536")]
    [InlineData("1001", "0:100000:65536,65536:300000:10", "0:200000:65536")]
    [InlineData("ci:builders", "0:100000:65536,65536:300000:10", "0:400000:65536")]
    [InlineData("ci:2002", "0:100000:65536,65536:300000:10", "0:400000:65536")]
    [InlineData("default", "0:700000:65536", "0:800000:65536")]
    public void Of_NamesAndNumbers_FindsTheRanges(string remap, string uids, string gids)
    {
        var mapping = SubordinateIds.Of(remap, Etc.GetValueOrDefault);

        Assert.Equal((uids, gids, false), (UserMapping.Format(mapping.Uids), UserMapping.Format(mapping.Gids), mapping.OwnRange));
        Assert.Equal(mapping.Uids, UserMapping.Parse(uids));
    }

    [Theory]
    [InlineData("nobody", "/etc/subuid has no entry of \"nobody\"")]
    [InlineData("ci:nobody", "/etc/subgid has no entry of \"nobody\"")]
    [InlineData("small", "/etc/subgid has no entry of \"small\"")]
    [InlineData("huge", "below 2147483647")]
    public void Of_WithoutRanges_SaysWhatToAdd(string remap, string words)
        => Assert.Contains(words, Assert.Throws<OptionException>(() => SubordinateIds.Of(remap, Etc.GetValueOrDefault)).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_DefaultWithoutRanges_NamesTheLine()
        => Assert.Contains("berthremap:100000:65536", Assert.Throws<OptionException>(() => SubordinateIds.Of("default", _ => null)).Message, StringComparison.Ordinal);
}
