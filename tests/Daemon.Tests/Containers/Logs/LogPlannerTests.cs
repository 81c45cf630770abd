using Berth.Daemon.Containers.Logs;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Tests.Containers.Logs;

public sealed class LogPlannerTests
{
    [Theory]
    [InlineData("splunk", "", "logger: no log driver named 'splunk' is registered; there are journald, json-file, local, none, syslog")]
    [InlineData("fluentd", "fluentd-address=x", "logger: no log driver named 'fluentd' is registered")]
    [InlineData("gelf", "", "logger: no log driver named 'gelf' is registered")]
    [InlineData("json-file", "bogus=1", "unknown log opt 'bogus' for json-file log driver; it has compress, env, env-regex, labels, labels-regex, max-file, max-size, tag, mode and max-buffer-size")]
    [InlineData("journald", "max-size=1m", "unknown log opt 'max-size' for journald log driver")]
    [InlineData("syslog", "max-size=1m", "unknown log opt 'max-size' for syslog log driver")]
    [InlineData("local", "labels=x", "unknown log opt 'labels' for log driver local")]
    [InlineData("json-file", "mode=fast", "logger: logging mode not supported: fast")]
    [InlineData("json-file", "max-buffer-size=1m", "logger: max-buffer-size option is only supported with 'mode=non-blocking'")]
    [InlineData("json-file", "mode=non-blocking,max-buffer-size=x", "error parsing option max-buffer-size: invalid size: 'x'")]
    [InlineData("json-file", "max-size=x", "invalid value for max-size: \"x\"")]
    [InlineData("json-file", "max-size=1m,max-file=0", "invalid value for max-file: \"0\"")]
    [InlineData("json-file", "max-file=3", "unsupported: 'max-file' is set to 3 without a 'max-size'")]
    [InlineData("json-file", "compress=maybe", "invalid value for option compress: maybe")]
    [InlineData("json-file", "compress=true", "compress cannot be true when max-file is less than 2 or max-size is not set")]
    [InlineData("json-file", "env-regex=(", "invalid value for env-regex: \"(\"")]
    [InlineData("json-file", "tag={{.Nothing}}", "invalid log opt tag: \".Nothing\": there is no such value; there are .ID, .FullID, .Name")]
    [InlineData("json-file", "tag={{.ID", "invalid log opt tag")]
    [InlineData("journald", "cache-disabled=maybe", "invalid value for option cache-disabled: maybe")]
    [InlineData("journald", "cache-max-size=x", "invalid value for cache-max-size: \"x\"")]
    [InlineData("syslog", "syslog-address=http://x", "unsupported scheme: 'http'")]
    [InlineData("syslog", "syslog-address=x:514", "unsupported scheme: ''")]
    [InlineData("syslog", "syslog-address=udp://", "invalid value for syslog-address: \"udp://\"")]
    [InlineData("syslog", "syslog-address=udp://a:0", "invalid value for syslog-address")]
    [InlineData("syslog", "syslog-address=unix://relative", "invalid value for syslog-address")]
    [InlineData("syslog", "syslog-address=tcp+tls://a:6514", "no TLS")]
    [InlineData("syslog", "syslog-tls-ca-cert=/x", "log opt 'syslog-tls-ca-cert' is not available")]
    [InlineData("syslog", "syslog-facility=local8", "invalid syslog facility: \"local8\"")]
    [InlineData("syslog", "syslog-facility=24", "invalid syslog facility: \"24\"")]
    [InlineData("syslog", "syslog-format=rfc1", "Invalid syslog format: \"rfc1\"")]
    public void Plan_OfAWrongOption_NamesIt(string driver, string options, string words)
    {
        var refused = Assert.Throws<EngineException>(() => Plan(driver, options));

        Assert.Equal(ErrorKind.InvalidArgument, refused.Kind);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("udp://logs", "logs", 514, LogTransport.Udp)]
    [InlineData("udp://logs:1514", "logs", 1514, LogTransport.Udp)]
    [InlineData("tcp://10.0.0.1:601", "10.0.0.1", 601, LogTransport.Tcp)]
    [InlineData("tcp://[fd00::1]:601", "fd00::1", 601, LogTransport.Tcp)]
    [InlineData("tcp://[fd00::1]", "fd00::1", 514, LogTransport.Tcp)]
    [InlineData("tcp://fd00::1", "fd00::1", 514, LogTransport.Tcp)]
    public void Plan_OfASyslogAddress_TakesItApart(string address, string host, int port, LogTransport transport)
    {
        var syslog = Plan("syslog", $"syslog-address={address}").Syslog!;

        Assert.Equal((host, port, transport), (syslog.Host, syslog.Port, syslog.Transport));
    }

    [Fact]
    public void Plan_OfDefaults_IsAsDockers()
    {
        var (json, local, journald, syslog) = (Plan("json-file", ""), Plan("local", ""), Plan("journald", ""), Plan("syslog", ""));

        Assert.Equal((0, 1, false), (json.MaxSizeBytes, json.MaxFiles, json.Compress));
        Assert.Equal((20L << 20, 5, true), (local.MaxSizeBytes, local.MaxFiles, local.Compress));
        Assert.Equal((20L << 20, 5, true, true), (journald.MaxSizeBytes, journald.MaxFiles, journald.Compress, journald.IsReadable));
        Assert.Equal((LogTransport.UnixEither, 3, SyslogFormat.Local), (syslog.Syslog!.Transport, syslog.Syslog.Facility, syslog.Syslog.Format));
        Assert.Equal((false, 1L << 20), (syslog.NonBlocking, syslog.BufferBytes));
    }

    [Fact]
    public void Plan_OfNone_IgnoresOptionsAndIsNotReadable() => Assert.False(Plan("none", "whatever=1").IsReadable);

    [Fact]
    public void Plan_OfADisabledCache_IsNotReadable() => Assert.False(Plan("journald", "cache-disabled=true").IsReadable);

    [Fact]
    public void Plan_OfLabelsAndVariables_TakesThoseThatAreThere()
    {
        var options = new Dictionary<string, string> { ["labels"] = "tier,missing", ["labels-regex"] = "^com\\.", ["env"] = "MODE,PATH", ["env-regex"] = "^APP_" };
        var labels = new Dictionary<string, string> { ["tier"] = "web", ["com.x"] = "1", ["other"] = "no" };

        var attributes = LogPlanner.Plan("json-file", options, labels, ["MODE=fast", "APP_A=a=b", "SECRET=x"]).Attributes!;

        Assert.Equal(
            new Dictionary<string, string> { ["tier"] = "web", ["com.x"] = "1", ["MODE"] = "fast", ["APP_A"] = "a=b" }.OrderBy(pair => pair.Key),
            attributes.OrderBy(pair => pair.Key));
    }

    [Theory]
    [InlineData("{{.ID}}", "aaaaaaaaaaaa")]
    [InlineData("{{ .FullID }}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("x/{{.ImageName}}/{{.Name}}", "x/Repo/App:1/web")]
    [InlineData("{{.ImageName | lower}}", "repo/app:1")]
    [InlineData("{{upper .Name}}", "WEB")]
    [InlineData("{{.DaemonName}}", "berth")]
    [InlineData("{{.ImageID}}", "bbbbbbbbbbbb")]
    [InlineData("{{.Command}}", "sleep 5")]
    [InlineData("{{(.ExtraAttributes nil).tier}}", "front")]
    [InlineData("plain", "plain")]
    public void Tag_RendersAsDockers(string template, string expected)
    {
        var values = new LogTagValues(new string('a', 64), "web", "sha256:" + new string('b', 64), "Repo/App:1", "sleep 5", "host", new Dictionary<string, string> { ["tier"] = "front" });

        Assert.Equal(expected, LogTag.Parse(template).Render(values));
    }

    private static LogPlan Plan(string driver, string options) => LogPlanner.Plan(
        driver,
        options.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]),
        new Dictionary<string, string>(),
        []);
}
