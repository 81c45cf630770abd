using Berth.Kit;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>An image may contain any links; nothing of the host may be reached, made or mounted over by way of them.</summary>
public sealed class HostileRootTests
{
    [Theory]
    [InlineData("proc")]
    [InlineData("dev")]
    [InlineData("sys")]
    public async Task Run_WithALinkInPlaceOfAMountPoint_StaysInside(string name)
    {
        using var bundle = new RuntimeBundle();
        using var outside = new TemporaryDirectory();
        File.CreateSymbolicLink(bundle.Path[$"rootfs/{name}"], outside.Path);
        var result = await bundle.RunAsync(RuntimeBundle.Spec("true"));

        Assert.Equal(0, result.ExitCode); // the link's target is made inside the root
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Path));
        Assert.True(Directory.Exists(bundle.Path[$"rootfs{outside.Path}"]));
        Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(bundle.Path.Path, StringComparison.Ordinal) || line.Contains(outside.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../../../../../../../..")]
    [InlineData("/proc/self/root")]
    [InlineData("/proc/1/root")]
    public async Task Run_WithALinkUpwards_MakesNothingOutside(string target)
    {
        using var bundle = new RuntimeBundle();
        using var outside = new TemporaryDirectory();
        File.CreateSymbolicLink(bundle.Path["rootfs/up"], target);
        var spec = RuntimeBundle.Spec("true");

        await bundle.RunAsync(spec with { Mounts = [.. spec.Mounts!, new OciMount { Destination = $"/up{outside.Path}/made", Type = "tmpfs", Source = "tmpfs" }] });

        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Path));
    }

    [Fact]
    public async Task Run_WithALinkToAFileOfTheHost_BindsOverTheInsideOne()
    {
        using var bundle = new RuntimeBundle();
        using var outside = new TemporaryDirectory();
        File.WriteAllText(outside["hosts"], "host's");
        File.WriteAllText(bundle.Path["given"], "given");
        Directory.CreateDirectory(bundle.Path["rootfs/etc"]);
        File.CreateSymbolicLink(bundle.Path["rootfs/etc/hosts"], outside["hosts"]);
        var spec = RuntimeBundle.Spec("cat", "/etc/hosts");

        var result = await bundle.RunAsync(spec with { Mounts = [.. spec.Mounts!, new OciMount { Destination = "/etc/hosts", Type = "bind", Source = bundle.Path["given"], Options = ["bind", "ro"] }] });

        Assert.Equal("given", result.Expect(0).Text);
        Assert.Equal("host's", File.ReadAllText(outside["hosts"]));
    }

    [Fact]
    public async Task Run_WithAWorkingDirectoryOfADescriptor_IsRefused()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("true");

        for (var descriptor = 3; descriptor < 12; descriptor++)
        {
            var result = await bundle.RunAsync(spec with { Process = spec.Process! with { Cwd = $"/proc/self/fd/{descriptor}" } });

            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("change to the working directory", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_WithLinksOnTheWay_MountsWhereTheyLeadInside()
    {
        using var bundle = new RuntimeBundle();
        Directory.CreateDirectory(bundle.Path["rootfs/run"]);
        Directory.CreateDirectory(bundle.Path["rootfs/var"]);
        File.CreateSymbolicLink(bundle.Path["rootfs/var/run"], "/run");
        var spec = RuntimeBundle.Shell("cat /run/given/file");
        Directory.CreateDirectory(bundle.Path["source"]);
        File.WriteAllText(bundle.Path["source/file"], "content");

        var result = await bundle.RunAsync(spec with
        {
            Mounts =
            [
                .. spec.Mounts!,
                new OciMount { Destination = "/run", Type = "tmpfs", Source = "tmpfs" },
                new OciMount { Destination = "/var/run/given", Type = "bind", Source = bundle.Path["source"], Options = ["rbind"] },
            ],
        });

        Assert.Equal("content", result.Expect(0).Text);
    }

    [Fact]
    public async Task Run_WithADeviceThatIsSomethingElse_IsRefused()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("true");
        Directory.CreateDirectory(bundle.Path["rootfs/dev"]);
        File.WriteAllText(bundle.Path["rootfs/dev/null"], "a file");

        var result = await bundle.RunAsync(spec with { Mounts = [.. spec.Mounts!.Where(m => !m.Destination.StartsWith("/dev", StringComparison.Ordinal))] });

        Assert.Contains("make the device /dev/null: the root filesystem has something else there", result.Error, StringComparison.Ordinal);
    }

    /// <summary>CVE-2019-5736: the entry point makes the runtime execute itself inside, where its file could then be opened and written.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public async Task Execution_OfTheRuntimeItself_FindsItReadOnly(string command)
    {
        using var bundle = new RuntimeBundle();
        using var programs = new TemporaryDirectory();
        File.Copy(RuntimeBundle.Runtime, programs["runtime"]); // not the real one, should it go wrong
        File.WriteAllText(bundle.Path["rootfs/trick"], "#!/proc/self/exe\n");
        File.SetUnixFileMode(bundle.Path["rootfs/trick"], (UnixFileMode)0x1ED);
        var spec = RuntimeBundle.Shell("sleep 0.2; while true; do for p in /proc/[0-9]*; do (echo overwritten > $p/exe) 2>/dev/null; (exec 9< $p/exe && echo overwritten > /proc/self/fd/9) 2>/dev/null; done; done");
        var id = await bundle.StartAsync(spec with { Process = spec.Process! with { Capabilities = All(), NoNewPrivileges = false } });
        var before = await File.ReadAllBytesAsync(programs["runtime"], TestContext.Current.CancellationToken);

        for (var i = 0; i < 20; i++)
        {
            if (command == "exec")
            {
                await new Command(programs["runtime"], "--root", bundle.Root, "exec", id, "/trick").Within(TimeSpan.FromSeconds(20)).RunAsync();
            }
            else
            {
                bundle.Write(spec with { Process = spec.Process! with { Args = ["/trick"] } });
                await new Command(programs["runtime"], "--root", bundle.Root, "run", "--bundle", bundle.Path.Path, bundle.NewId()).Within(TimeSpan.FromSeconds(20)).RunAsync();
            }
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(programs["runtime"], TestContext.Current.CancellationToken));
    }

    private static OciCapabilities All()
    {
        string[] all = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"];
        return new OciCapabilities { Bounding = all, Effective = all, Permitted = all };
    }
}
