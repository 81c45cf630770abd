using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Client.CommandLine;
using Berth.Client.Tests.Kit;
using Berth.Shared.Api;

namespace Berth.Client.Tests.Commands;

/// <summary>What create sends, seen on the wire and read back as the API's own type.</summary>
public sealed class ContainerRequestTests
{
    private static readonly ApiJson Strict = new(new JsonSerializerOptions { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow });

    [Fact]
    public void Create_EveryOption_IsInTheWireType()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory.File("env"), "# comment\n\n  FROM_FILE=1\nTAKEN\nMISSING\n");
        File.WriteAllText(directory.File("labels"), "file.label=yes\n");
        File.WriteAllText(directory.File("profile.json"), "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }");

        var sent = Create(
            new() { ["TAKEN"] = "from client" },
            "--name", "web", "--hostname", "h", "--domainname", "d", "--user", "1:2", "-it", "-e", "A=1", "-e", "TAKEN", "-e", "UNSET", "--env-file", directory.File("env"),
            "--entrypoint", "/ep", "-v", "/anon", "-v", "/src:/dst:ro", "-v", "vol:/data", "--expose", "9000-9001/udp", "-p", "127.0.0.1:8080:80", "-w", "/w", "--mac-address", "92:d0:c6:0a:29:33",
            "-l", "a=b", "--label-file", directory.File("labels"), "--stop-signal", "INT", "--stop-timeout", "3", "--health-cmd", "true", "--health-interval", "5s", "--health-retries", "2",
            "--health-timeout", "1s", "--health-start-period", "1m", "--health-start-interval", "500ms", "--mount", "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770",
            "--mount", "type=bind,src=/a,dst=/b,ro,bind-propagation=rprivate,bind-recursive=readonly", "--mount", "type=volume,source=v,target=/v,volume-nocopy,volume-label=x=y,volume-driver=local,volume-opt=o=1,volume-subpath=s",
            "--mount", "type=image,source=busybox,target=/i,image-subpath=bin", "--tmpfs", "/run:size=1m", "--volumes-from", "other:ro", "--volume-driver", "local", "-P", "--restart", "on-failure:3", "--cap-add", "NET_ADMIN",
            "--cap-drop", "ALL", "--group-add", "5", "--dns", "1.1.1.1", "--dns-option", "ndots:1", "--dns-search", "x", "--add-host", "db=[::1]", "--link", "db:d", "--privileged", "--read-only",
            "--security-opt", "seccomp=" + directory.File("profile.json"), "--security-opt", "no-new-privileges", "--security-opt", "systempaths=unconfined", "--cgroupns", "host", "--ipc", "host", "--pid", "host",
            "--uts", "host", "--userns", "host", "--runtime", "r", "--shm-size", "1m", "--oom-score-adj", "5", "--sysctl", "net.x=1", "--storage-opt", "size=1G", "--annotation", "k=v", "--init", "--log-driver", "json-file",
            "--log-opt", "max-size=1m", "-m", "64m", "--memory-reservation", "32m", "--memory-swap", "-1", "--memory-swappiness", "10", "--oom-kill-disable", "--cpus", "1.5", "-c", "512", "--cpu-period", "100000",
            "--cpu-quota", "50000", "--cpu-rt-period", "1000", "--cpu-rt-runtime", "500", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "9", "--cgroup-parent", "/p", "--blkio-weight", "100", "--blkio-weight-device", "/dev/a:5",
            "--device-read-bps", "/dev/a:1m", "--device-write-bps", "/dev/a:2m", "--device-read-iops", "/dev/a:3", "--device-write-iops", "/dev/a:4", "--device", "/dev/fuse:/dev/f:rw", "--device-cgroup-rule", "c 1:3 r",
            "--ulimit", "nofile=10:20", "--ulimit", "core=0", "--network", "name=net1,driver-opt=a=b,gw-priority=2", "--network", "net2", "--network-alias", "y", "--ip", "10.0.0.2", "--ip6", "fd00::2", "--link-local-ip", "169.254.1.1",
            "busybox", "sh", "-c", "echo -n hi");

        Assert.Equal("/containers/create?name=web", sent.Path);
        var request = JsonSerializer.Deserialize(sent.Body, Strict.ContainerCreateRequest)!;
        Assert.Equal("busybox", request.Image);
        Assert.Equal(["sh", "-c", "echo -n hi"], request.Cmd);
        Assert.Equal(["FROM_FILE=1", "TAKEN=from client", "A=1", "TAKEN=from client", "UNSET"], request.Env);
        var json = JsonDocument.Parse(sent.Body).RootElement;
        var host = json.GetProperty("HostConfig");
        Assert.Equal("{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}", host.GetProperty("PortBindings").GetRawText());
        Assert.Equal("{\"9000/udp\":{},\"9001/udp\":{},\"80/tcp\":{}}", json.GetProperty("ExposedPorts").GetRawText());
        Assert.Equal("{\"/anon\":{}}", json.GetProperty("Volumes").GetRawText());
        Assert.Equal("[\"/src:/dst:ro\",\"vol:/data\"]", host.GetProperty("Binds").GetRawText());
        Assert.Equal("[\"db:::1\"]", host.GetProperty("ExtraHosts").GetRawText());
        Assert.Equal(1_500_000_000, host.GetProperty("NanoCpus").GetInt64());
        Assert.Equal(5_000_000_000, json.GetProperty("Healthcheck").GetProperty("Interval").GetInt64());
        Assert.Equal("[]", host.GetProperty("MaskedPaths").GetRawText());
        Assert.Equal("net1", host.GetProperty("NetworkMode").GetString());
        Assert.Equal(["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "no-new-privileges"], host.GetProperty("SecurityOpt").EnumerateArray().Select(static option => option.GetString()));
        Assert.Equal(0b1_111_111_000, host.GetProperty("Mounts")[0].GetProperty("TmpfsOptions").GetProperty("Mode").GetInt32());
        var first = json.GetProperty("NetworkingConfig").GetProperty("EndpointsConfig").GetProperty("net1");
        Assert.Equal("10.0.0.2", first.GetProperty("IPAMConfig").GetProperty("IPv4Address").GetString());
        Assert.Equal("[\"y\"]", first.GetProperty("Aliases").GetRawText());
    }

    [Fact]
    public void Create_PlainImage_SendsLittle()
        => Assert.Equal(
            """{"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Image":"busybox","HostConfig":{"NetworkMode":"default"}}""",
            Create([], "busybox").Body);

    [Fact]
    public void Create_DevicesByNameAndProcessors_AreDeviceRequests()
        => Assert.Contains(
            """[{"Driver":"nvidia","Count":0,"DeviceIDs":["0","1"],"Capabilities":[["gpu","utility"]],"Options":{}},{"Driver":"cdi","DeviceIDs":["vendor.com/class=name"]}]""",
            Create([], "--gpus", "\"device=0,1\",driver=nvidia,capabilities=utility", "--device", "vendor.com/class=name", "busybox").Body,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("all", "\"Count\":-1")]
    [InlineData("2", "\"Count\":2")]
    [InlineData("driver=x", "\"Count\":1")]
    public void Create_Gpus_CountsThem(string value, string expected) => Assert.Contains(expected, Create([], "--gpus", value, "busybox").Body, StringComparison.Ordinal);

    [Fact]
    public void Create_EmptyEntrypoint_RemovesTheImagesOwn()
        => Assert.Contains("\"Entrypoint\":[\"\"]", Create([], "--entrypoint", "", "busybox").Body, StringComparison.Ordinal);

    [Fact]
    public void Create_RelativeBind_IsMadeAbsolute()
        => Assert.Contains($"\"Binds\":[\"{Environment.CurrentDirectory}/x:/y\"]", Create([], "-v", "./x:/y", "busybox").Body, StringComparison.Ordinal);

    [Theory]
    [InlineData("cannot specify both --restart and --rm", "--rm", "--restart", "always", "x")]
    [InlineData("cannot set both Count and DeviceIDs", "--gpus", "count=1,device=0", "x")]
    [InlineData("unexpected key 'colour' in 'colour=red'", "--gpus", "colour=red", "x")]
    [InlineData("invalid count (many)", "--gpus", "many", "x")]
    [InlineData("invalid containerPort: 99999", "-p", "99999", "x")]
    [InlineData("invalid hostPort: 99999", "-p", "99999:80", "x")]
    [InlineData("invalid proto: icmp", "-p", "80/icmp", "x")]
    [InlineData("invalid ranges specified for container and host Ports: 4-5 and 1-3", "-p", "1-3:4-5", "x")]
    [InlineData("network \"a\" is specified multiple times", "--network", "a", "--network", "a", "x")]
    [InlineData("cannot attach both user-defined and non-user-defined network-modes", "--network", "a", "--network", "host", "x")]
    [InlineData("cannot specify both --ip and per-network IPv4 address", "--network", "name=a,ip=10.0.0.2", "--ip", "10.0.0.3", "x")]
    [InlineData("cannot specify both --network-alias and per-network alias", "--network", "name=a,alias=x", "--network-alias", "y", "x")]
    [InlineData("bad format for links: a:b:c", "--link", "a:b:c", "x")]
    [InlineData("no policy provided before colon", "--restart", ":3", "x")]
    [InlineData("'bind-recursive=readonly' requires 'readonly'", "--mount", "type=bind,source=/a,target=/b,bind-recursive=readonly", "x")]
    [InlineData("requires 'bind-propagation=rprivate'", "--mount", "type=bind,source=/a,target=/b,ro,bind-recursive=readonly", "x")]
    [InlineData("invalid IP address: nohost", "-p", "nohost:80:80", "x")]
    [InlineData("unknown mount type 'odd'", "--mount", "type=odd,target=/x", "x")]
    [InlineData("target is required", "--mount", "type=tmpfs", "x")]
    [InlineData("cannot mix 'tmpfs-*' options", "--mount", "type=bind,source=/a,target=/b,tmpfs-size=1", "x")]
    [InlineData("unexpected key 'colour'", "--mount", "type=bind,colour=red", "x")]
    [InlineData("bad mode specified: xyz", "--device", "/dev/a:/dev/b:xyz", "x")]
    [InlineData("ulimit soft limit", "--ulimit", "nofile=20:10", "x")]
    [InlineData("invalid ulimit argument", "--ulimit", "nofile", "x")]
    [InlineData("maximum retry count", "--restart", "on-failure:many", "x")]
    [InlineData("bad format for add-host", "--add-host", "nothing", "x")]
    [InlineData("cannot read /no/such/file", "--env-file", "/no/such/file", "x")]
    [InlineData("opening seccomp profile (/no/such/file) failed", "--security-opt", "seccomp=/no/such/file", "x")]
    [InlineData("conflicts with --health-*", "--no-healthcheck", "--health-cmd", "x", "x")]
    [InlineData("invalid field key colour", "--network", "name=x,colour=red", "x")]
    [InlineData("invalid pull option: 'sometimes'", "--pull", "sometimes", "x")]
    [InlineData("value is too precise", "--cpus", "0.0000000001", "x")]
    public void Create_WrongValue_IsRefusedWith125(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine();

        var run = ClientRun.Of(engine, ["create", .. words]);

        Assert.Equal(125, run.ExitCode);
        Assert.Contains(expected, run.Err, StringComparison.Ordinal);
        Assert.Empty(engine.Requests);
    }

    private static Request Create(Dictionary<string, string> environment, params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("POST /containers/create", 201, """{"Id":"0123","Warnings":[]}""");
        var run = ClientRun.Of(engine, new FakeTerminal(), null, environment, ["create", .. words]);
        Assert.Equal((0, "0123\n", ""), (run.ExitCode, run.Out, run.Err));
        return engine.Requests[0];
    }
}
