using Berth.Runtime.Launch;
using Berth.Shared.Linux;

namespace Berth.Runtime.Tests.Launch;

public sealed class ExecFailureTests
{
    [Theory]
    [InlineData("tool", Errno.ENOENT, 127, "exec: \"tool\": executable file not found in $PATH")]
    [InlineData("/tool", Errno.ENOENT, 127, "exec: \"/tool\": stat /tool: no such file or directory")]
    [InlineData("tool", Errno.EACCES, 126, "exec: \"tool\": permission denied")]
    [InlineData("/a/tool", Errno.ENOTDIR, 126, "exec: \"/a/tool\": stat /a/tool: not a directory")]
    [InlineData("/tool", Errno.ENOEXEC, 126, "exec: \"/tool\": exec format error")]
    public void Of_AnExecution_FollowsDockersCodes(string program, Errno errno, int exitCode, string message)
    {
        var failure = ExecFailure.Of("execute", (int)errno, program, isHook: false);

        Assert.Equal((exitCode, message), (failure.ExitCode, failure.Message));
    }

    [Fact]
    public void Of_AnyOtherStep_NamesIt()
    {
        var failure = ExecFailure.Of("mount proc on /proc", (int)Errno.EPERM, null, isHook: false);

        Assert.Equal((125, "mount proc on /proc: operation not permitted", Errno.EPERM), (failure.ExitCode, failure.Message, failure.Errno));
    }

    [Fact]
    public void Of_AHook_TellsHowItEnded()
        => Assert.Equal("run the hook /x: it ended with exit code 3", ExecFailure.Of("run the hook /x", 3 << 8, null, isHook: true).Message);
}
