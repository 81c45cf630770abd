using Berth.Kernel.Tests.Supervisor;
using Berth.Runtime.Rootfs;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>Roots made of layers, under the published runtime.</summary>
public sealed class OverlayTests
{
    [Fact]
    public async Task Launch_OfLayers_ShowsTheTopOne_AndWritesIntoUpper()
    {
        await using var container = new SupervisedContainer("sh", "-c", "cat /etc/which /etc/low; echo new > /etc/new");
        Layer(container, "top", "which", "top");
        Layer(container, "odd,name:with\\signs", "which", "middle");
        Layer(container, "odd,name:with\\signs", "low", "low");
        Use(container, r => r with { LowerDirectories = [container["top"], container["odd,name:with\\signs"], .. r.LowerDirectories] });

        await container.LaunchAsync();
        await container.ExitAsync();

        Assert.Equal(["low", "top"], container.LoggedText.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal("new\n", File.ReadAllText(container["diff/etc/new"]));
        Assert.False(File.Exists(container["top/etc/new"]));
    }

    [Fact]
    public async Task Launch_OfManyLayersWithLongPaths_Succeeds()
    {
        await using var container = new SupervisedContainer("cat", "/etc/f0", "/etc/f119");
        var folder = string.Join('/', Enumerable.Repeat(new string('p', 100), 3));
        var layers = Enumerable.Range(0, 120).Select(i => $"{folder}/{i}").ToArray();
        for (var i = 0; i < layers.Length; i++)
        {
            Layer(container, layers[i], $"f{i}", $"{i}");
        }

        Use(container, r => r with { LowerDirectories = [.. layers.Select(l => container[l]), .. r.LowerDirectories] });

        await container.LaunchAsync();

        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        Assert.Equal("0119", container.LoggedText.Replace("\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Launch_WithoutUpper_IsReadOnly()
    {
        await using var container = new SupervisedContainer("sh", "-c", "echo x > /x");
        Directory.CreateDirectory(container["layer/dev/pts"]);
        Use(container, r => r with { UpperDirectory = null, WorkDirectory = null });

        await container.LaunchAsync();
        await container.ExitAsync();

        Assert.Contains("Read-only file system", container.LoggedText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_OfAVolatileUpper_Succeeds()
    {
        await using var container = new SupervisedContainer("sh", "-c", "echo x > /x");
        Use(container, r => r with { Volatile = true });

        await container.LaunchAsync();

        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        Assert.True(File.Exists(container["diff/x"]));
    }

    [Fact]
    public async Task Launch_InAUserNamespace_ShowsLayersWithTheirOwners()
    {
        Assert.SkipUnless(ClassicOverlay.KernelHasLowerdirPlus(), "needs Linux 6.5: id-mapped layers go into overlay by descriptor");
        await using var container = new SupervisedContainer("sh", "-c", "ls -ln /bin/busybox; echo mine > /mine; cat /mine");
        OciIdMapping[] map = [new() { ContainerId = 0, HostId = 300000, Size = 65536 }];
        container.Spec = container.Spec with
        {
            Linux = container.Spec.Linux! with { Namespaces = [.. container.Spec.Linux!.Namespaces!, new OciNamespace("user")], UidMappings = map, GidMappings = map },
        };

        await container.LaunchAsync();

        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        Assert.Contains(" 0        0 ", container.LoggedText, StringComparison.Ordinal);
        Assert.EndsWith("mine\n", container.LoggedText, StringComparison.Ordinal);
        Assert.Equal(300000u, FilesAt.Stat(container["diff/mine"]).Uid);
        Assert.Equal(0u, FilesAt.Stat(container["layer/bin/busybox"]).Uid);
    }

    [Fact]
    public async Task Launch_OfAMissingLayer_NamesTheStep()
    {
        await using var container = new SupervisedContainer("true");
        Use(container, r => r with { LowerDirectories = [container["missing"], .. r.LowerDirectories] });

        var thrown = await Assert.ThrowsAsync<SupervisorException>(container.LaunchAsync);

        Assert.Contains("mount the root filesystem", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>The way of kernels before 6.5, which this one still knows as well.</summary>
    [Fact]
    public async Task ClassicOverlay_ShowsTheLayers_AndLeavesNoMount()
    {
        await using var container = new SupervisedContainer("true"); // for its directories
        Layer(container, "top", "which", "top");
        Exception? failure = null;
        var seen = "";
        var before = File.ReadAllText("/proc/self/mountinfo");
        var thread = new Thread(() =>
        {
            try
            {
                using var mount = ClassicOverlay.Create(new OverlayRootfs
                {
                    LowerDirectories = [container["top"], container["layer"]],
                    UpperDirectory = container["diff"],
                    WorkDirectory = container["work"],
                });
                using var file = FilesAt.OpenBeneath(mount, "etc/which", OpenFlags.ReadOnly, OpenFlags.ResolveInRoot);
                var buffer = new byte[16];
                seen = System.Text.Encoding.UTF8.GetString(buffer, 0, ByteStreams.Read(file, buffer));
                FilesAt.MakeDirectory(mount, "made", 0x1ED);
            }
            catch (Exception e) when (e is IOException)
            {
                failure = e;
            }
        });

        thread.Start();
        thread.Join();

        Assert.Null(failure);
        Assert.Equal("top", seen.Trim());
        Assert.True(Directory.Exists(container["diff/made"]));
        Assert.Equal(before, File.ReadAllText("/proc/self/mountinfo"));
    }

    private static void Use(SupervisedContainer container, Func<OverlayRootfs, OverlayRootfs> change)
        => container.Launch = container.Launch with { Rootfs = change(container.Launch.Rootfs!) };

    private static void Layer(SupervisedContainer container, string layer, string file, string content)
    {
        Directory.CreateDirectory(container[$"{layer}/etc"]);
        File.WriteAllText(container[$"{layer}/etc/{file}"], content + "\n");
    }
}
