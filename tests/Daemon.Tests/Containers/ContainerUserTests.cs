using System.Text;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers;

public sealed class ContainerUserTests
{
    private static readonly byte[] Passwd = Encoding.UTF8.GetBytes("root:x:0:0:root:/root:/bin/sh\napp:x:1000:100:App:/home/app:/bin/sh\nbig:x:4294967295:0::/:\n");
    private static readonly byte[] Group = Encoding.UTF8.GetBytes("root:x:0:\nwheel:x:10:root\nusers:x:100:\nvideo:x:44:app,root\n");

    [Theory]
    [InlineData("", 0, 0, "/root", new uint[] { 0, 10, 44 })]
    [InlineData("app", 1000, 100, "/home/app", new uint[] { 100, 44 })]
    [InlineData("1000", 1000, 100, "/home/app", new uint[] { 100, 44 })]
    [InlineData("app:wheel", 1000, 10, "/home/app", new uint[] { 10 })]
    [InlineData("1234", 1234, 0, "/", new uint[] { 0 })]
    [InlineData("1234:5678", 1234, 5678, "/", new uint[] { 5678 })]
    public void Resolve_Known_IsFound(string user, uint uid, uint gid, string home, uint[] groups)
    {
        var found = ContainerUser.Resolve(Passwd, Group, user, []);

        Assert.Equal((uid, gid, home), (found.Uid, found.Gid, found.Home));
        Assert.Equal(groups, found.Groups);
    }

    [Theory]
    [InlineData("nobody", "unable to find user nobody")]
    [InlineData("app:nogroup", "unable to find group nogroup")]
    [InlineData("4294967296", "must be in range")]
    [InlineData("2147483648", "must be in range")]
    public void Resolve_Unknown_IsRefused(string user, string words)
    {
        var error = Assert.Throws<EngineException>(() => ContainerUser.Resolve(Passwd, Group, user, []));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_WithoutFiles_NumbersStillWork()
        => Assert.Equal((5u, 6u), ContainerUser.Resolve(null, null, "5:6", []) is var found ? (found.Uid, found.Gid) : default);

    [Fact]
    public void Resolve_GroupAdd_ByNameAndNumber()
        => Assert.Equal([0, 10, 44, 100, 7], ContainerUser.Resolve(Passwd, Group, "", ["users", "7"]).Groups);

    [Fact]
    public void Environment_OwnVariables_ReplaceAndRemove()
    {
        var process = new ProcessPlan { Arguments = ["x"], Environment = ["PATH=/mine", "TERM"] };

        Assert.Equal(["PATH=/mine", "HOSTNAME=h", "HOME=/root"], ContainerEnvironment.For(process, "h", "/root", tty: true));
    }
}
