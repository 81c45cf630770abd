using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class ContainerFilesTests
{
    [Fact]
    public void Hosts_HasLoopbackExtrasAndItself()
    {
        var text = ContainerFiles.Hosts([new HostsEntry(IPAddress.Parse("172.17.0.2"), ContainerFiles.OwnNames("web", "corp"))], ["db:10.0.0.5", "gw=host-gateway", "six:[fd00::1]"], IPAddress.Parse("172.17.0.1"));

        var lines = text.Split('\n');
        Assert.Equal("127.0.0.1\tlocalhost", lines[0]);
        Assert.Contains("10.0.0.5\tdb", lines);
        Assert.Contains("172.17.0.1\tgw", lines);
        Assert.Contains("fd00::1\tsix", lines);
        Assert.Contains("172.17.0.2\tweb.corp web", lines);
    }

    [Theory]
    [InlineData("db")]
    [InlineData(":1.2.3.4")]
    [InlineData("db:nowhere")]
    [InlineData("a\nb:1.2.3.4")]
    public void ParseExtraHost_OfWhatIsNone_IsInvalid(string text) => Assert.Throws<EngineException>(() => ContainerFiles.ParseExtraHost(text));

    [Theory]
    [InlineData("02:42:ac:11:00:02")]
    [InlineData("02-42-AC-11-00-02")]
    public void MacAddress_IsReadInBothForms(string text) => Assert.Equal("02:42:ac:11:00:02", MacAddresses.Format(MacAddresses.Parse(text)));

    [Theory]
    [InlineData("")]
    [InlineData("02:42:ac:11:00")]
    [InlineData("01:42:ac:11:00:02")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("2:42:ac:11:00:02")]
    public void MacAddress_ThatNoInterfaceMayHave_IsInvalid(string text) => Assert.Throws<EngineException>(() => MacAddresses.Parse(text));

    [Fact]
    public void Counters_AreReadByInterface()
    {
        const string text =
            "Inter-|   Receive                                                |  Transmit\n" +
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
            "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n" +
            "  eth0:    1296      16    1    2    0     0          0         0      446       5    3    4    0     0       0          0\n";

        Assert.Equal(new InterfaceCounters("eth0", 1296, 16, 1, 2, 446, 5, 3, 4), Assert.Single(InterfaceCounters.Parse(text)));
    }

    [Theory]
    [InlineData("web", "", "web")]
    [InlineData("web", "corp.example", "web.corp.example web")]
    [InlineData("web.corp", "", "web.corp web")]
    public void OwnNames_OfHostAndDomain_AreTheWholeOneAndItsFirstPart(string hostname, string domainname, string expected)
        => Assert.Equal(expected, ContainerFiles.OwnNames(hostname, domainname));

    [Fact]
    public void Update_OfHosts_ChangesItsOwnLinesAlone()
    {
        const string before = "127.0.0.1\tlocalhost\n172.18.0.2\tweb\n172.17.0.2\tweb\n# web\n10.0.0.1\tweb other\n9.9.9.9\tmine";

        var after = ContainerFiles.Update(before, new HashSet<string> { "web" },
            [new HostsEntry(IPAddress.Parse("172.17.0.2"), "web"), new HostsEntry(IPAddress.Parse("fd00::2"), "web")]);

        Assert.Equal("127.0.0.1\tlocalhost\n172.17.0.2\tweb\n# web\n10.0.0.1\tweb other\n9.9.9.9\tmine\nfd00::2\tweb\n", after);
    }

    [Fact]
    public void Update_OfHostsThatAreRight_ChangesNothing()
    {
        const string text = "127.0.0.1\tlocalhost\n172.18.0.2\tweb\n";

        Assert.Equal(text, ContainerFiles.Update(text, new HashSet<string> { "web" }, [new HostsEntry(IPAddress.Parse("172.18.0.2"), "web")]));
    }
}
