using System.Text;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Tests.Hosting;

public sealed class CommandLineTests
{
    [Fact]
    public void Parse_AllForms_SetsOptions()
    {
        var run = Assert.IsType<CommandLine.Run>(CommandLine.Parse(
            ["-H", "unix:///a.sock", "--host=fd://", "--data-root", "/d", "--mtu=1400", "--icc=false", "-D", "--log-opt", "max-size=1m", "--insecure-registry", "r:5000", "--bip=10.1.0.1/24"]));

        Assert.Equal([new HostAddress.UnixSocket("/a.sock"), new HostAddress.Descriptors(null)], run.Options.Hosts);
        Assert.Equal("/d", run.Options.DataRoot);
        Assert.Equal(1400, run.Options.Mtu);
        Assert.False(run.Options.InterContainerCommunication);
        Assert.Equal("1m", run.Options.LogOptions["max-size"]);
        Assert.Equal(["r:5000"], run.Options.InsecureRegistries);
        Assert.Equal("10.1.0.1/24", run.Options.BridgeAddress);
    }

    [Theory]
    [InlineData("--data-rot=/x", "did you mean --data-root?")]
    [InlineData("--userland-proxy=true", "in the kernel")]
    [InlineData("--mtu=many", "must be a number")]
    [InlineData("--data-root=relative", "absolute")]
    [InlineData("stray", "options only")]
    [InlineData("--data-root", "needs a value")]
    [InlineData("--bip=1.2.3.4", "prefix")]
    [InlineData("-H=http://x", "must be unix:///path")]
    [InlineData("-H=tcp://0.0.0.0:2375", "refusing to serve")]
    [InlineData("--default-runtime=crun", "--add-runtime crun=")]
    public void Parse_Wrong_SaysWhat(string argument, string words)
    {
        var error = Assert.Throws<OptionException>(() => CommandLine.Parse([argument]));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TcpWithTlsVerify_IsAccepted()
        => Assert.IsType<CommandLine.Run>(CommandLine.Parse(["-H", "tcp://[::1]:2376", "--tlsverify"]));

    [Fact]
    public void ConfigurationFile_AllKinds_SetsOptions()
    {
        var options = ApplyFile("""
            {"hosts":["unix:///x"],"debug":true,"mtu":1450,"log-opts":{"max-file":"3"},"runtimes":{"crun":{"path":"/usr/bin/crun"}},"dns":["1.1.1.1"]}
            """);

        Assert.Equal(1450, options.Mtu);
        Assert.Equal("3", options.LogOptions["max-file"]);
        Assert.Equal("/usr/bin/crun", options.Runtimes["crun"]);
        Assert.Equal(["1.1.1.1"], options.Dns);
    }

    [Theory]
    [InlineData("{\"data-rot\":\"/x\"}", "did you mean \"data-root\"?")]
    [InlineData("{\"mtu\":[1]}", "must be a single value")]
    [InlineData("{\"dns\":\"1.1.1.1\"}", "must be an array")]
    [InlineData("{\"live-restore\":false}", "always survive")]
    [InlineData("[]", "one JSON object")]
    [InlineData("{", "/etc/x.json")]
    public void ConfigurationFile_Wrong_SaysWhat(string json, string words)
        => Assert.Contains(words, Assert.Throws<OptionException>(() => ApplyFile(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void ConfigurationFile_OptionAlsoOnCommandLine_IsRefused()
    {
        var mtu = OptionTable.All.Single(option => option.Name == "mtu");

        var error = Assert.Throws<OptionException>(() => ConfigurationFile.Apply(new DaemonOptions(), "{\"mtu\":1}"u8.ToArray(), "/etc/x.json", [mtu]));

        Assert.Contains("one place", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HelpText_NamesEveryOption()
        => Assert.All(OptionTable.All.Where(option => option is { IsSettled: false, IsOnlyInFile: false }), option => Assert.Contains($"--{option.Name}", CommandLine.HelpText(), StringComparison.Ordinal));

    private static DaemonOptions ApplyFile(string json) => ConfigurationFile.Apply(new DaemonOptions(), Encoding.UTF8.GetBytes(json), "/etc/x.json", []);
}
