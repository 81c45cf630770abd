using System.Text.Json;
using Berth.Runtime.Commands;
using Berth.Runtime.Plan;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Runtime.Tests.Plan;

public sealed class ContainerPlanTests
{
    private static readonly OciSpec Example = SpecCommand.Example();

    [Fact]
    public void Parse_OfTheExample_Succeeds()
    {
        var plan = ContainerPlan.Parse(Example);

        Assert.True(plan.Namespaces.New.HasFlag(NamespaceKinds.Pid | NamespaceKinds.Mount | NamespaceKinds.Cgroup));
        Assert.Equal(Example.Mounts!.Length, plan.Mounts.Count);
    }

    [Theory]
    [InlineData("kernel.panic")]
    [InlineData("vm.swappiness")]
    [InlineData("fs.file-max")]
    [InlineData("kernel.sem.x")]
    public void Parse_OfASysctlOfTheHost_IsRefused(string name)
        => Assert.Contains("belongs to the whole host", Refusal(l => l with { Sysctl = new() { [name] = "1" } }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfANetworkSysctlInTheHostsNetwork_IsRefused()
        => Assert.Contains("needs a network namespace", Refusal(l => l with { Namespaces = [new OciNamespace("mount"), new OciNamespace("uts")], Sysctl = new() { ["net.core.somaxconn"] = "1" } }), StringComparison.Ordinal);

    [Theory]
    [InlineData("net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding")]
    [InlineData("net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding")]
    [InlineData("net.core.somaxconn", "net/core/somaxconn")]
    public void Parse_OfASysctl_FindsItsFile(string name, string path)
    {
        var plan = ContainerPlan.Parse(With(l => l with { Sysctl = new() { [name] = "1" } }));

        Assert.Equal([(path, "1")], plan.Sysctls);
    }

    [Fact]
    public void Parse_OfASysctlWithDots_IsRefused()
        => Assert.Contains("is no name of a sysctl", Refusal(l => l with { Sysctl = new() { ["net/../kernel/panic"] = "1" } }), StringComparison.Ordinal);

    [Theory]
    [InlineData("network", "network", "given twice")]
    [InlineData("nonsense", "mount", "is none of")]
    public void Parse_OfOddNamespaces_IsRefused(string first, string second, string words)
        => Assert.Contains(words, Refusal(l => l with { Namespaces = [new OciNamespace(first), new OciNamespace(second), new OciNamespace("mount")] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_WithoutAMountNamespace_IsRefused()
        => Assert.Contains("mount namespace", Refusal(l => l with { Namespaces = [new OciNamespace("pid")] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfAUserNamespaceWithoutMappings_IsRefused()
        => Assert.Contains("uidMappings", Refusal(l => l with { Namespaces = [new OciNamespace("mount"), new OciNamespace("uts"), new OciNamespace("user")] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfAHostNameInTheHostsUts_IsRefused()
        => Assert.Contains("hostname", Refusal(l => l with { Namespaces = [new OciNamespace("mount")] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"linux":{"intelRdt":{}}}""", "linux.intelRdt")]
    [InlineData("""{"linux":{"netDevices":{"eth0":{}}}}""", "linux.netDevices")]
    [InlineData("""{"linux":{"memoryPolicy":{"mode":"x"}}}""", "linux.memoryPolicy")]
    public void Parse_OfWhatWeDoNotHave_IsRefusedByName(string json, string field)
    {
        var linux = JsonSerializer.Deserialize(json, RuntimeSpecJson.Default.OciSpec)!.Linux!;

        var refused = Assert.Throws<EngineException>(() => ContainerPlan.Parse(With(l => l with { IntelRdt = linux.IntelRdt, NetDevices = linux.NetDevices, MemoryPolicy = linux.MemoryPolicy })));

        Assert.Equal(ErrorKind.NotImplemented, refused.Kind);
        Assert.Contains(field, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfAnotherMajorVersion_IsRefused()
        => Assert.Contains("ociVersion", Assert.Throws<EngineException>(() => ContainerPlan.Parse(Example with { OciVersion = "2.0.0" })).Message, StringComparison.Ordinal);

    private static OciSpec With(Func<OciLinux, OciLinux> change) => Example with { Linux = change(Example.Linux!) };

    private static string Refusal(Func<OciLinux, OciLinux> change) => Assert.Throws<EngineException>(() => ContainerPlan.Parse(With(change))).Message;
}
