using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Client.Tests.Kit;
using Berth.Shared.Api;

namespace Berth.Client.Tests.Commands;

public sealed class NetworkCommandTests
{
    private const string Networks = """
        [{"Name":"web10","Id":"0123456789abcdef0123","Created":"2026-11-24T12:40:06.120000000Z","Driver":"bridge","Scope":"local","EnableIPv4":true,"EnableIPv6":false,"Internal":true,"Labels":{"a":"b","com.example.team":"red"}},
         {"Name":"web2","Id":"fedcba9876543210fedc","Created":"2026-11-24T12:40:06Z","Driver":"macvlan","Scope":"local","EnableIPv4":true,"EnableIPv6":true,"Internal":false,"Labels":{}}]
        """;

    private static readonly ApiJson Strict = new(new JsonSerializerOptions { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow });

    [Theory]
    [InlineData("NETWORK ID     NAME      DRIVER    SCOPE\nfedcba987654   web2      macvlan   local\n0123456789ab   web10     bridge    local\n")]
    [InlineData("fedcba987654\n0123456789ab\n", "-q")]
    [InlineData("fedcba9876543210fedc\n0123456789abcdef0123\n", "-q", "--no-trunc")]
    [InlineData("web2 true true false  2026-11-24 12:40:06 +0000 UTC\nweb10 true false true a=b,com.example.team=red 2026-11-24 12:40:06.12 +0000 UTC\n", "--format", "{{.Name}} {{.IPv4}} {{.IPv6}} {{.Internal}} {{.Labels}} {{.CreatedAt}}")]
    [InlineData("NAME      team\nweb2      \nweb10     red\n", "--format", "table {{.Name}}\\t{{.Label \"com.example.team\"}}")]
    public void Ls_Forms(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("GET /networks", 200, Networks);

        Assert.Equal(expected, ClientRun.Of(engine, ["network", "ls", .. words]).Out);
    }

    [Fact]
    public void Ls_Json_IsOneSortedObjectALine()
    {
        using var engine = new ScriptedEngine().Reply("GET /networks", 200, Networks);

        var lines = ClientRun.Of(engine, "network", "ls", "--format", "json").Out.Split('\n');

        Assert.Equal("""{"CreatedAt":"2026-11-24 12:40:06 +0000 UTC","Driver":"macvlan","ID":"fedcba987654","IPv4":"true","IPv6":"true","Internal":"false","Labels":"","Name":"web2","Scope":"local"}""", lines[0]);
    }

    [Fact]
    public void Create_EveryOption_IsInTheWireType()
    {
        var (run, request) = Create(
            "--attachable", "--internal", "--ipv6", "--ipv4=false", "-d", "macvlan", "--scope", "local", "--subnet", "10.5.0.0/24", "--subnet", "fd00:5::/64", "--ip-range", "10.5.0.128/25", "--gateway", "fd00:5::1",
            "--gateway", "10.5.0.254", "--aux-address", "router=10.5.0.9", "--ipam-driver", "default", "--ipam-opt", "x=y", "-o", "parent=eth0", "-o", "bare", "--label", "team=red", "--config-from", "other", "--config-only", "lab");

        Assert.Equal((0, "abc\n", ""), (run.ExitCode, run.Out, run.Err));
        var body = JsonSerializer.Deserialize(request.Body, Strict.NetworkCreateRequest)!;
        Assert.Equal("lab", body.Name);
        Assert.Equal("macvlan", body.Driver);
        Assert.False(body.EnableIPv4);
        Assert.True(body.EnableIPv6);
        var json = JsonDocument.Parse(request.Body).RootElement;
        Assert.Equal(
            """[{"Subnet":"10.5.0.0/24","IPRange":"10.5.0.128/25","Gateway":"10.5.0.254","AuxiliaryAddresses":{"router":"10.5.0.9"}},{"Subnet":"fd00:5::/64","Gateway":"fd00:5::1"}]""",
            json.GetProperty("IPAM").GetProperty("Config").GetRawText());
        Assert.Equal("""{"bare":"","parent":"eth0"}""", json.GetProperty("Options").GetRawText());
    }

    [Fact]
    public void Create_WithoutOptions_LeavesFamiliesToTheDaemon()
    {
        var body = Create("lab").Request.Body;

        Assert.DoesNotContain("EnableIPv", body, StringComparison.Ordinal);
        Assert.Contains("\"Driver\":\"bridge\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_Warning_GoesToStandardError()
    {
        using var engine = new ScriptedEngine().Reply("POST /networks/create", 201, """{"Id":"abc","Warning":"odd subnet"}""");

        var run = ClientRun.Of(engine, "network", "create", "lab");

        Assert.Equal(("abc\n", "WARNING: odd subnet\n"), (run.Out, run.Err));
    }

    [Theory]
    [InlineData("no matching subnet for gateway 10.78.1.1", "--subnet", "10.77.1.0/24", "--gateway", "10.78.1.1")]
    [InlineData("no matching subnet for range 10.78.1.0/25", "--subnet", "10.77.1.0/24", "--ip-range", "10.78.1.0/25")]
    [InlineData("no matching subnet for aux-address 10.79.1.1", "--subnet", "10.77.1.0/24", "--aux-address", "a=10.79.1.1")]
    [InlineData("every ip-range or gateway must have a corresponding subnet", "--gateway", "10.77.1.1")]
    [InlineData("multiple overlapping subnet configuration is not supported", "--subnet", "10.77.1.0/24", "--subnet", "10.77.1.128/25")]
    [InlineData("cannot configure multiple gateways (10.77.1.2, 10.77.1.1) for the same subnet (10.77.1.0/24)", "--subnet", "10.77.1.0/24", "--subnet", "10.78.0.0/24", "--gateway", "10.77.1.1", "--gateway", "10.77.1.2")]
    public void Create_AddressesThatDoNotFit_AreRefusedHere(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine();

        var run = ClientRun.Of(engine, ["network", "create", .. words, "bad"]);

        Assert.Equal((1, expected + "\n"), (run.ExitCode, run.Err));
        Assert.Empty(engine.Requests);
    }

    [Theory]
    [InlineData("10.77.1.0/33")]
    [InlineData("10.77.1.0")]
    [InlineData("10.77.1.5/24")]
    public void Create_SubnetThatTheDaemonJudges_IsSentAsGiven(string subnet) => Assert.Contains($"\"Subnet\":\"{subnet}\"", Create("--subnet", subnet, "bad").Request.Body, StringComparison.Ordinal);

    [Fact]
    public void Connect_EveryOption_IsInTheWireType()
    {
        using var engine = new ScriptedEngine().Reply("POST /networks/net/connect", 200, "");

        var run = ClientRun.Of(engine, "network", "connect", "--alias", "a", "--ip", "10.5.0.7", "--ip6", "fd00:5::7", "--link", "db", "--link-local-ip", "169.254.1.1", "--driver-opt", "k=v", "--gw-priority", "-3", "net", "web");

        Assert.Equal((0, "", ""), (run.ExitCode, run.Out, run.Err));
        var body = engine.Requests[0].Body;
        Assert.NotNull(JsonSerializer.Deserialize(body, Strict.NetworkConnectRequest));
        Assert.Equal(
            """{"Container":"web","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.5.0.7","IPv6Address":"fd00:5::7","LinkLocalIPs":["169.254.1.1"]},"Links":["db:db"],"Aliases":["a"],"GwPriority":-3,"DriverOpts":{"k":"v"}}}""",
            body);
    }

    [Fact]
    public void Disconnect_Force_IsSaid()
    {
        using var engine = new ScriptedEngine().Reply("POST /networks/net/disconnect", 200, "");

        ClientRun.Of(engine, "network", "disconnect", "-f", "net", "web");

        Assert.Equal("""{"Container":"web","Force":true}""", engine.Requests[0].Body);
    }

    [Fact]
    public void Rm_SomeAbsent_RemovesTheOthersAndFails()
    {
        using var engine = new ScriptedEngine().Reply("DELETE /networks/one", 204, "").Reply("DELETE /networks/two", 404, """{"message":"network two not found"}""").Reply("DELETE /networks/three", 204, "");

        var run = ClientRun.Of(engine, "network", "rm", "one", "two", "three");

        Assert.Equal((1, "one\nthree\n", "Error response from daemon: network two not found\n"), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public void Rm_ForceOfAnAbsentOne_IsSilentSuccess()
    {
        using var engine = new ScriptedEngine().Reply("DELETE /networks/two", 404, """{"message":"network two not found"}""");

        var run = ClientRun.Of(engine, "network", "rm", "-f", "two");

        Assert.Equal((0, "", ""), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public void Prune_ListsWhatWasRemoved()
    {
        using var engine = new ScriptedEngine().Reply("POST /networks/prune", 200, """{"NetworksDeleted":["a","b"]}""");

        Assert.Equal("Deleted Networks:\na\nb\n\n", ClientRun.Of(engine, "network", "prune", "-f").Out);
    }

    private static (ClientRun Run, Request Request) Create(params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("POST /networks/create", 201, """{"Id":"abc","Warning":""}""");
        var run = ClientRun.Of(engine, ["network", "create", .. words]);
        return (run, engine.Requests[0]);
    }
}
