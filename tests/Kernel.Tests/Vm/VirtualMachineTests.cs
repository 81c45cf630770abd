using Berth.Kit;

namespace Berth.Kernel.Tests.Vm;

/// <summary>Other kernels' ways: cgroup v2 and systemd, in a virtual machine (tests/Vm). Minutes, and a gigabyte of cache.</summary>
public sealed class VirtualMachineTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task KernelTests_OnCgroup2_Pass()
    {
        Assert.SkipWhen(File.Exists("/share/run"), "runs in the machine already");
        SkipUnlessAsked();

        var result = await new Command(
            Path.Combine(Host.Repository, "tests/Vm/kernel-tests"),
            "-namespace", "Berth.Kernel.Tests.Cgroups", "-namespace", "Berth.Kernel.Tests.Seccomp").Within(s_deadline).RunAsync();

        Assert.True(result.ExitCode == 0, $"{result.Output}\n{result.Error}");
    }

    [Fact]
    public async Task Runtime_OnCgroup2_LimitsContainers()
    {
        SkipUnlessAsked();
        Assert.SkipUnless(Host.Programs is not null, "needs the published runtime: make publish");

        await RunAsync("guest-runtime.sh");
    }

    [Fact]
    public async Task Units_UnderSystemd_KeepContainersThroughTheDaemonsDeath()
    {
        SkipUnlessAsked();
        Assert.SkipUnless(Host.Programs is not null && File.Exists(Host.Program("berthd")) && File.Exists(Host.Program("berth")), "needs the published programs: make publish");

        await RunAsync("guest-systemd.sh");
    }

    /// <summary>Boots with a script of tests/Vm as what to run, and beside it the programs, the units and an image.</summary>
    private static async Task RunAsync(string script)
    {
        using var directory = new TemporaryDirectory();
        Copy(Host.Programs!, directory["bin"]);
        Copy(Path.Combine(Host.Repository, "deploy/systemd"), directory["units"]);
        File.Copy(await TestImages.BusyboxArchiveAsync(), directory["busybox.tar"]);
        File.Copy(Path.Combine(Host.Repository, "tests/Vm", script), directory["run"]);

        var result = await new Command(Path.Combine(Host.Repository, "tests/Vm/machine"), "run", directory.Path).Within(s_deadline).RunAsync();

        Assert.True(result.ExitCode == 0, $"{result.Output}\n{result.Error}");
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static void SkipUnlessAsked()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("BERTH_TEST_VM") == "1", "needs minutes: set BERTH_TEST_VM=1 to boot the virtual machine");
        Assert.SkipUnless(Host.Find("qemu-system-x86_64") is not null && Host.Find("mmdebstrap") is not null, "needs qemu-system-x86 and mmdebstrap");
    }
}
