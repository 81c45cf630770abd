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
    public async Task Units_UnderSystemd_KeepContainersThroughTheDaemonsDeath()
    {
        SkipUnlessAsked();
        Assert.SkipUnless(Host.Programs is not null && File.Exists(Host.Program("berthd")) && File.Exists(Host.Program("berth")), "needs the published programs: make publish");
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["bin"]);
        Directory.CreateDirectory(directory["units"]);
        foreach (var file in Directory.GetFiles(Host.Programs!))
        {
            File.Copy(file, Path.Combine(directory["bin"], Path.GetFileName(file)));
        }

        foreach (var unit in Directory.GetFiles(Path.Combine(Host.Repository, "deploy/systemd")))
        {
            File.Copy(unit, Path.Combine(directory["units"], Path.GetFileName(unit)));
        }

        File.Copy(await TestImages.BusyboxArchiveAsync(), directory["busybox.tar"]);
        File.Copy(Path.Combine(Host.Repository, "tests/Vm/guest-systemd.sh"), directory["run"]);

        var result = await new Command(Path.Combine(Host.Repository, "tests/Vm/machine"), "run", directory.Path).Within(s_deadline).RunAsync();

        Assert.True(result.ExitCode == 0, $"{result.Output}\n{result.Error}");
    }

    private static void SkipUnlessAsked()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("BERTH_TEST_VM") == "1", "needs minutes: set BERTH_TEST_VM=1 to boot the virtual machine");
        Assert.SkipUnless(Host.Find("qemu-system-x86_64") is not null && Host.Find("mmdebstrap") is not null, "needs qemu-system-x86 and mmdebstrap");
    }
}
