using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers.Cdi;

public sealed class CdiReaderTests
{
    private const string Yaml = """
        # a vendor's file
        cdiVersion: 0.6.0
        kind: vendor.com/net-card
        containerEdits:
          env: ["A=1", 'B=two words']
          hooks:
          - {hookName: createContainer, path: /bin/hook, args: [hook, --x], timeout: 5}
        devices:
        - name: "0"
          containerEdits:
            deviceNodes:
            - path: /dev/card0
              fileMode: 0o660
              permissions: rw
              uid: 0x10
            - path: /dev/other
              hostPath: /dev/null
            mounts:
            - hostPath: /opt/vendor
              containerPath: /vendor
            additionalGids: [7, 0]
        - name: all
          containerEdits:
            netDevices: [{}]
        """;

    [Fact]
    public void Read_Yaml_KnowsEveryEdit()
    {
        var file = CdiReader.Read("/etc/cdi/v.yaml", Yaml);

        Assert.Equal("vendor.com/net-card", file.Kind);
        Assert.Equal(["A=1", "B=two words"], file.Edits.Env);
        var (name, hook) = Assert.Single(file.Edits.Hooks);
        Assert.Equal(("createContainer", "/bin/hook", 5), (name, hook.Path, hook.Timeout));
        var edits = file.Devices["0"];
        Assert.Equal(new CdiNode("/dev/card0", "/dev/card0", null, null, null, 0x1B0, "rw", 16, null), edits.Nodes[0]);
        Assert.Equal("/dev/null", edits.Nodes[1].HostPath);
        var mount = Assert.Single(edits.Mounts);
        Assert.Equal(("/opt/vendor", "/vendor", "bind"), (mount.Source, mount.Destination, mount.Type));
        Assert.Equal([7u], edits.AdditionalGids);
        Assert.Equal("netDevices", file.Devices["all"].Unsupported);
    }

    [Fact]
    public void Read_Json_IsTheSame()
    {
        var file = CdiReader.Read("/etc/cdi/v.json", """{"cdiVersion":"1.0.0","kind":"v.io/c","devices":[{"name":"d","containerEdits":{"deviceNodes":[{"path":"/dev/d","type":"c","major":1,"minor":7}]}}]}""");

        Assert.Equal(new CdiNode("/dev/d", "/dev/d", "c", 1, 7, null, "rwm", null, null), Assert.Single(file.Devices["d"].Nodes));
    }

    [Theory]
    [InlineData("x.json", "{", "x.json")]
    [InlineData("x.json", "[]", "one object")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0"}""", "\"kind\" is missing")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"nokind"}""", "vendor/class")]
    [InlineData("x.json", """{"cdiVersion":"2.0.0","kind":"v/c"}""", "not supported")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"v/c","devices":[{"name":"a"},{"name":"a"}]}""", "there twice")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"v/c","devices":{}}""", "must be an array")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"v/c","containerEdits":{"mounts":[{"hostPath":"rel","containerPath":"/x"}]}}""", "absolute path")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"v/c","containerEdits":{"hooks":[{"hookName":"later","path":"/x"}]}}""", "no point of a container's life")]
    [InlineData("x.json", """{"cdiVersion":"0.5.0","kind":"v/c","containerEdits":{"deviceNodes":[{"path":"/dev/x","permissions":"rx"}]}}""", "permissions")]
    [InlineData("x.yaml", "a: &x [1]\nb: *x", "anchors")]
    [InlineData("x.yaml", "a: 1\na: 2", "twice")]
    [InlineData("x.yaml", "a: 1\n---\nb: 2", "several documents")]
    [InlineData("x.yaml", "a: [1", "x.yaml")]
    public void Read_Wrong_NamesFileAndReason(string path, string text, string words)
    {
        var message = Assert.Throws<CdiException>(() => CdiReader.Read(path, text)).Message;

        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.StartsWith(path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vendor.com/gpu=0", true)]
    [InlineData("v/c=all", true)]
    [InlineData("v/c", false)]
    [InlineData("/dev/null", false)]
    [InlineData("v/c=", false)]
    [InlineData("v/c=a\n", false)]
    [InlineData("v/../c=a", false)]
    public void IsQualified_TellsDevicesFromPaths(string text, bool expected) => Assert.Equal(expected, CdiName.IsQualified(text));

    [Fact]
    public void Plan_DeviceRequests_BecomeNames()
    {
        var facts = Make.Facts with { HasCdiGpus = true };

        Assert.Equal(["v/c=a", "nvidia.com/gpu=all"], Make.Plan(host => host.DeviceRequests =
        [
            new DeviceRequest { Driver = "cdi", DeviceIDs = ["v/c=a"] },
            new DeviceRequest { Count = -1, Capabilities = [["gpu"]] },
        ], facts: facts).Plan.CdiDevices);
        Assert.Equal(["nvidia.com/gpu=0", "nvidia.com/gpu=1"], Make.Plan(host => host.DeviceRequests = [new DeviceRequest { Count = 2, Capabilities = [["gpu"]] }], facts: facts).Plan.CdiDevices);
    }

    [Fact]
    public void Plan_DeviceRequestsThatCannotBe_AreRefused()
    {
        Assert.Equal("could not select device driver \"\" with capabilities: [[gpu]]", Refused(new DeviceRequest { Count = -1, Capabilities = [["gpu"]] }, Make.Facts));
        Assert.Contains("could not select device driver \"cdi\"", Refused(new DeviceRequest { Driver = "cdi", DeviceIDs = ["v/c=a"] }, Make.Facts with { HasCdi = false }), StringComparison.Ordinal);
        Assert.Contains("vendor/class=name", Refused(new DeviceRequest { Driver = "cdi", DeviceIDs = ["/dev/null"] }, Make.Facts), StringComparison.Ordinal);
        Assert.Contains("DeviceIDs", Refused(new DeviceRequest { Driver = "cdi", Count = 1 }, Make.Facts), StringComparison.Ordinal);
        Assert.Contains("Count 0", Refused(new DeviceRequest { Capabilities = [["gpu"]] }, Make.Facts with { HasCdiGpus = true }), StringComparison.Ordinal);
    }

    private static string Refused(DeviceRequest request, EngineFacts facts)
        => Assert.Throws<EngineException>(() => Make.Plan(host => host.DeviceRequests = [request], facts: facts)).Message;
}
