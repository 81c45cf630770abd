using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Daemon.Tests.Containers.UserNamespaces;

public sealed class UserNamespacePlanTests
{
    private static readonly EngineFacts Remapped = Make.Facts with { DefaultUserNamespace = true };

    [Theory]
    [InlineData("", UserKind.Default, 0)]
    [InlineData("host", UserKind.Host, 0)]
    [InlineData("auto", UserKind.Auto, 0)]
    [InlineData("auto:size=131072", UserKind.Auto, 131072)]
    public void Plan_UsernsMode_IsUnderstood(string mode, object kind, uint size)
        => Assert.Equal(new UserMode((UserKind)kind, size), Make.Plan(host => host.UsernsMode = mode).Plan.Namespaces.User);

    [Theory]
    [InlineData("private")]
    [InlineData("auto:size=0")]
    [InlineData("auto:size=x")]
    [InlineData("keep-id")]
    public void Plan_UnknownUsernsMode_NamesWhatIsAllowed(string mode)
        => Assert.Contains($"invalid HostConfig.UsernsMode \"{mode}\": it is one of", Refused(host => host.UsernsMode = mode, Make.Facts), StringComparison.Ordinal);

    [Fact]
    public void Plan_ConflictsWithUserNamespaces_AreInDockersWords()
    {
        Assert.StartsWith("privileged mode is incompatible with user namespaces.", Refused(host => host.Privileged = true, Remapped), StringComparison.Ordinal);
        Assert.Equal("cannot share the host's network namespace when user namespaces are enabled", Refused(host => host.NetworkMode = "host", Remapped));
        Assert.Equal("cannot share the host PID namespace when user namespaces are enabled", Refused(host => host.PidMode = "host", Remapped));
        Assert.Contains("HostConfig.IpcMode", Refused(host => host.IpcMode = "container:x", Remapped), StringComparison.Ordinal);
        Assert.Contains("HostConfig.Runtime \"runc\"", Refused(host => host.Runtime = "runc", Remapped), StringComparison.Ordinal);
        Assert.Contains("need Linux", Refused(host => host.UsernsMode = "auto", Make.Facts with { WhyNoUserNamespaces = "they need Linux" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_HostUserNamespace_MayDoAllOfIt()
    {
        var plan = Make.Plan(host => (host.UsernsMode, host.Privileged, host.NetworkMode, host.PidMode) = ("host", true, "host", "host"), facts: Remapped).Plan;

        Assert.Equal(UserKind.Host, plan.Namespaces.User.Kind);
    }

    [Fact]
    public void Plan_KnownContainer_IsReadWhateverTheOptionsSayNow()
        => Assert.True(Make.Plan(host => (host.Privileged, host.Runtime) = (true, "gone"), facts: Remapped.ForKnownContainers()).Plan.Security.Privileged);

    [Fact]
    public void Mapping_TextForm_IsReadBack()
    {
        var mapping = UserMapping.Own(0x7000_0000, 65536);

        Assert.Equal("0:1879048192:65536", UserMapping.Format(mapping.Uids));
        Assert.Equal(mapping.Uids, UserMapping.Parse("0:1879048192:65536"));
        Assert.True(mapping.Overlaps(0x7000_FFFF, 1));
        Assert.False(mapping.Overlaps(0x7001_0000, 1));
        Assert.Throws<FormatException>(() => UserMapping.Parse("1:2"));
        Assert.Equal(new OciIdMapping { ContainerId = 0, HostId = 1, Size = 2 }, UserMapping.Parse("0:1:2")[0]);
    }

    private static string Refused(Action<HostConfig> host, EngineFacts facts)
    {
        var error = Assert.Throws<EngineException>(() => Make.Plan(host, facts: facts));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        return error.Message;
    }
}
