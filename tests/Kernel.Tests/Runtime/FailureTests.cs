using Berth.Kit;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>What a user is told when a container can't be made, and that nothing is left of it.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData("nosuch", 127, "exec: \"nosuch\": executable file not found in $PATH")]
    [InlineData("/nosuch", 127, "exec: \"/nosuch\": stat /nosuch: no such file or directory")]
    [InlineData("/etc/data", 126, "exec: \"/etc/data\": permission denied")]
    [InlineData("/etc", 126, "exec: \"/etc\": permission denied")]
    [InlineData("/etc/garbage", 126, "exec: \"/etc/garbage\": exec format error")]
    public async Task Run_OfWhatCannotBeExecuted_SaysSo(string program, int exitCode, string words)
    {
        using var bundle = new RuntimeBundle();
        Directory.CreateDirectory(bundle.Path["rootfs/etc"]);
        File.WriteAllText(bundle.Path["rootfs/etc/data"], "text");
        File.WriteAllText(bundle.Path["rootfs/etc/garbage"], "no program");
        File.SetUnixFileMode(bundle.Path["rootfs/etc/garbage"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var result = await bundle.RunAsync(RuntimeBundle.Spec(program));

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithExitCode_ReturnsIt()
    {
        using var bundle = new RuntimeBundle();

        Assert.Equal(42, (await bundle.RunAsync(RuntimeBundle.Shell("exit 42"))).ExitCode);
    }

    [Theory]
    [InlineData("bind", "/nosuch", "rbind", "mount bind on /mnt: open_tree /nosuch: no such file or directory")]
    [InlineData("tmpfs", "tmpfs", "bogus=1", "Unknown parameter 'bogus'")]
    [InlineData("nosuchfs", "x", "ro", "mount nosuchfs on /mnt")]
    public async Task Run_WithImpossibleMount_NamesIt(string type, string source, string option, string words)
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("true");

        var result = await bundle.RunAsync(spec with { Mounts = [.. spec.Mounts!, new OciMount { Destination = "/mnt", Type = type, Source = source, Options = [option] }] });

        Assert.Equal(125, result.ExitCode);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenAHookFails_SaysWhatItSaid()
    {
        using var bundle = new RuntimeBundle();

        var result = await bundle.RunAsync(RuntimeBundle.Spec("true") with { Hooks = new OciHooks { CreateRuntime = [new OciHook { Path = "/bin/sh", Args = ["sh", "-c", "echo because >&2; exit 3"] }] } });

        Assert.Contains("run the hook /bin/sh: it ended with exit code 3: because", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenAHookHangs_EndsIt()
    {
        using var bundle = new RuntimeBundle();

        var result = await bundle.RunAsync(RuntimeBundle.Spec("true") with { Hooks = new OciHooks { CreateContainer = [new OciHook { Path = "/bin/sleep", Args = ["sleep", "60"], Timeout = 1 }] } });

        Assert.Contains("run the hook /bin/sleep: it ended with signal 9", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithTheSystemdCgroupDriver_IsRefusedByName()
    {
        using var bundle = new RuntimeBundle();

        var result = await bundle.CommandAsync("--systemd-cgroup", "list");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--systemd-cgroup", result.Error, StringComparison.Ordinal);
    }
}
