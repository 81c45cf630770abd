using Berth.Kit;
using Berth.Shared.Cgroups;
using Berth.Shared.Cgroups.Devices;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Cgroups;

/// <summary>The driver on whatever this host has mounted: v1 or hybrid on one machine, v2 in tests/Vm.</summary>
public sealed class CgroupTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly CgroupHost _host;
    private readonly string _parent = $"/berth-tests-{Guid.NewGuid():N}";
    private readonly ICgroup _cgroup;
    private readonly List<CgroupShell> _shells = [];

    public CgroupTests()
    {
        Assert.SkipUnless(Host.IsRoot, "needs root: makes cgroups");
        Assert.SkipUnless(File.Exists("/bin/busybox"), "needs /bin/busybox");
        _host = CgroupHost.Detect();
        _cgroup = _host.Open($"{_parent}/c");
        _cgroup.Create();
    }

    public void Dispose()
    {
        if (_cgroup is not null)
        {
            _cgroup.Kill();
            foreach (var shell in _shells)
            {
                shell.Dispose();
            }

            _host.Open(_parent).Destroy(TimeSpan.FromSeconds(10));
            Assert.False(_host.Open(_parent).Exists);
        }
    }

    private CgroupShell Shell()
    {
        var shell = new CgroupShell(_cgroup);
        _shells.Add(shell);
        return shell;
    }

    [Fact]
    public void Create_Twice_Keeps()
    {
        _cgroup.Create();

        Assert.True(_cgroup.Exists);
        Assert.Empty(_cgroup.Processes());
    }

    [Fact]
    public void AddProcess_Shell_IsListed()
    {
        var shell = Shell();

        Assert.Equal([shell.Pid], _cgroup.Processes());
        Assert.Contains($"{_parent}/c", File.ReadAllText($"/proc/{shell.Pid}/cgroup"));
    }

    [Fact]
    public async Task Apply_PidsLimit_ForkFails()
    {
        _cgroup.Apply(new OciResources { Pids = new OciPids(4) });

        var output = await Shell().RunAsync("for i in 1 2 3 4 5 6; do sleep 60 > /dev/null 2>&1 & done");

        Assert.Contains("fork", output);
        Assert.Equal(4UL, _cgroup.Stats().Pids!.Limit);
    }

    [Fact]
    public async Task Apply_MemoryLimit_KillsAndCounts()
    {
        _cgroup.Apply(new OciResources { Memory = new OciMemory { Limit = 32 * MiB, Swap = 32 * MiB } });
        using var watch = _cgroup.WatchOom();
        Assert.NotNull(watch);
        Assert.Equal(0, watch.OomKills());
        var shell = Shell();

        await shell.RunAsync("exec busybox tail /dev/zero");

        Assert.Equal(137, shell.ExitCode);
        Assert.Equal(1, _cgroup.OomKills());
        var stats = _cgroup.Stats().Memory!;
        Assert.Equal((ulong)(32 * MiB), stats.Limit);
        Assert.True(stats.MaxUsage is null || stats.MaxUsage <= stats.Limit);
        Assert.True(stats.FailCount > 0 || _host.Mode != CgroupMode.V2, "v1 counts no failures that a kill ended");
        Assert.True(IsReadable(watch), "the watch's descriptor tells of it");
        watch.Drain();
        Assert.False(IsReadable(watch));
    }

    [Fact]
    public void Apply_MemoryUpAndDown_KeepsTheOrderTheKernelWants()
    {
        foreach (var megabytes in (long[])[64, 256, 32, 128])
        {
            _cgroup.Apply(new OciResources { Memory = new OciMemory { Limit = megabytes * MiB, Swap = 2 * megabytes * MiB } });

            Assert.Equal((ulong)(megabytes * MiB), _cgroup.Stats().Memory!.Limit);
        }

        _cgroup.Apply(new OciResources { Memory = new OciMemory { Limit = -1 } });

        Assert.Null(_cgroup.Stats().Memory!.Limit);
        Assert.Null(_cgroup.Stats().Memory!.SwapLimit);
    }

    [Fact]
    public void Apply_SwapBelowMemory_IsRefused()
    {
        var error = Assert.Throws<EngineException>(() => _cgroup.Apply(new OciResources { Memory = new OciMemory { Limit = 64 * MiB, Swap = 32 * MiB } }));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
    }

    [Fact]
    public void Apply_UnknownCpu_IsRefusedByTheFilesName()
    {
        var error = Assert.Throws<EngineException>(() => _cgroup.Apply(new OciResources { Cpu = new OciCpu { Cpus = "4095" } }));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains("cpuset.cpus", error.Message);
    }

    [Fact]
    public void Apply_CpuSet_BindsTheProcess()
    {
        var shell = Shell();

        _cgroup.Apply(new OciResources { Cpu = new OciCpu { Cpus = "0", Mems = "0" } });

        Assert.Contains("Cpus_allowed_list:\t0\n", File.ReadAllText($"/proc/{shell.Pid}/status"));
    }

    [Fact]
    public async Task Apply_CpuQuota_Throttles()
    {
        Assert.Empty(_cgroup.Apply(new OciResources { Cpu = new OciCpu { Quota = 5000, Period = 100000, Shares = 512 } }));
        Shell().Send("while :; do :; done");

        await Host.EventuallyAsync(() => _cgroup.Stats().Cpu!.ThrottledPeriods > 1, "the loop is throttled");

        var cpu = _cgroup.Stats().Cpu!;
        Assert.True(cpu.TotalNanoseconds > 0 && cpu.ThrottledNanoseconds > 0);
        Assert.True(cpu.Periods >= cpu.ThrottledPeriods);
    }

    [Fact]
    public void Apply_QuotaBelowBurst_TakesBoth()
    {
        _cgroup.Apply(new OciResources { Cpu = new OciCpu { Quota = 50000, Period = 100000, Burst = 40000 } });

        _cgroup.Apply(new OciResources { Cpu = new OciCpu { Quota = 20000, Burst = 10000 } });
        _cgroup.Apply(new OciResources { Cpu = new OciCpu { Quota = -1, Burst = 0 } });
    }

    [Fact]
    public async Task Apply_StandardDevices_DeniesOthersUntilUpdated()
    {
        Assert.SkipUnless(File.Exists("/dev/kmsg"), "needs /dev/kmsg as the device that is denied");
        _cgroup.Apply(new OciResources { Devices = DeviceRules.Standard });

        var denied = await Shell().RunAsync(": < /dev/null && echo null; : < /dev/urandom && echo urandom; : < /dev/kmsg && echo kmsg");
        _cgroup.Apply(new OciResources { Devices = [.. DeviceRules.Standard, new OciDeviceRule { Allow = true, Type = "c", Major = 1, Minor = 11, Access = "r" }] });
        var allowed = await Shell().RunAsync(": < /dev/null && echo null; : < /dev/kmsg && echo kmsg; : >> /dev/kmsg && echo written");
        _cgroup.Apply(new OciResources { Devices = DeviceRules.Everything });
        var all = await Shell().RunAsync(": < /dev/kmsg && echo kmsg; : >> /dev/kmsg && echo written");

        Assert.Contains("null\nurandom\n", denied);
        Assert.DoesNotContain("kmsg\n", denied.Replace("can't open /dev/kmsg", "").Replace("/dev/kmsg:", ""));
        Assert.Contains("not permitted", denied);
        Assert.StartsWith("null\nkmsg\n", allowed);
        Assert.DoesNotContain("written", allowed);
        Assert.Equal("kmsg\nwritten\n", all);
    }

    [Fact]
    public async Task Create_WithoutDeviceRules_Denies()
    {
        Assert.SkipUnless(File.Exists("/dev/kmsg"), "needs /dev/kmsg as the device that is denied");
        var cgroup = _host.Create($"{_parent}/c", null, out var warnings);

        var output = await Shell().RunAsync(": < /dev/null && echo null; : < /dev/kmsg");
        _host.Create($"{_parent}/c", new OciResources { Devices = DeviceRules.Everything }, out _);
        var everything = await Shell().RunAsync(": < /dev/null && : < /dev/kmsg && echo all");

        Assert.Empty(warnings);
        Assert.Equal(_cgroup.Path, cgroup.Path);
        Assert.StartsWith("null\n", output);
        Assert.Contains("not permitted", output);
        Assert.Equal("all\n", everything);
    }

    [Fact]
    public async Task Freeze_Shell_AnswersOnlyAfterThaw()
    {
        var shell = Shell();
        shell.Send("echo one");
        Assert.Equal("one", await shell.Output.ReadLineAsync());

        _cgroup.Freeze(TimeSpan.FromSeconds(5));
        shell.Send("echo two");
        var answer = shell.Output.ReadLineAsync();

        Assert.True(_cgroup.IsFrozen);
        Assert.False(answer.IsCompleted);
        _cgroup.Thaw();
        Assert.False(_cgroup.IsFrozen);
        Assert.Equal("two", await answer);
    }

    [Fact]
    public async Task Kill_FrozenTree_EndsAll()
    {
        var shell = Shell();
        shell.Send("sleep 1000 & sleep 1000 & echo ready; wait");
        await shell.Output.ReadLineAsync();
        Assert.Equal(3, _cgroup.Processes().Count);
        _cgroup.Freeze(TimeSpan.FromSeconds(5));

        _cgroup.Kill();
        _cgroup.Thaw();
        await shell.WaitAsync();

        Assert.Equal(137, shell.ExitCode);
        _cgroup.Destroy(TimeSpan.FromSeconds(10));
        Assert.False(_cgroup.Exists);
    }

    [Fact]
    public async Task Kill_ForkBomb_EndsAll()
    {
        _cgroup.Apply(new OciResources { Pids = new OciPids(200) });
        var shell = Shell();
        shell.Send("bomb() { bomb | bomb & }; bomb 2>/dev/null; while :; do bomb 2>/dev/null; done");
        await Host.EventuallyAsync(() => _cgroup.Processes().Count > 50, "the bomb has spread");

        _cgroup.Kill();

        await Host.EventuallyAsync(() => _cgroup.Processes().Count == 0, "all are gone");
    }

    [Fact]
    public void Destroy_WithProcesses_TimesOut()
    {
        Shell();

        Assert.Throws<TimeoutException>(() => _cgroup.Destroy(TimeSpan.FromMilliseconds(50)));
        _cgroup.Create(); // on v1 some hierarchies may be gone already, and Dispose wants to kill
    }

    [Fact]
    public void Create_RefusedLimit_LeavesNothing()
    {
        var path = $"{_parent}/refused";

        Assert.Throws<EngineException>(() => _host.Create(path, new OciResources { Cpu = new OciCpu { Cpus = "4095" } }, out _));

        Assert.False(_host.Open(path).Exists);
    }

    [Fact]
    public async Task Stats_AfterWork_CountsIt()
    {
        var shell = Shell();
        shell.Send("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done");
        await shell.Output.ReadLineAsync();

        var stats = _cgroup.Stats();

        Assert.True(stats.Cpu!.TotalNanoseconds > 0);
        Assert.True(stats.Memory!.Usage > 0);
        Assert.NotEmpty(stats.Memory.Raw);
        Assert.Equal(1UL, stats.Pids!.Current);
        Assert.Null(stats.Pids.Limit);
        Assert.NotNull(stats.Io);
    }

    [Fact]
    public async Task Stats_AfterDirectWrite_CountsIo()
    {
        var file = Path.Combine("/var/tmp", $"berth-io-{Guid.NewGuid():N}");
        try
        {
            await Shell().RunAsync($"dd if=/dev/zero of={file} bs=1M count=4 conv=fsync");

            var io = _cgroup.Stats().Io!;
            Assert.SkipWhen(_host.Mode != CgroupMode.V2 && io.ServiceBytes.Count == 0, "v1 doesn't count what is written back by the kernel's own threads");
            Assert.Contains(io.ServiceBytes, entry => entry is { Operation: "Write", Value: >= 4 << 20 });
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Apply_IoLimit_IsTaken()
    {
        var disk = Directory.GetDirectories("/sys/block").FirstOrDefault(path => Path.GetFileName(path) is ['v' or 's' or 'n', ..] && File.Exists($"{path}/dev"));
        Assert.SkipWhen(disk is null, "needs a disk");
        var numbers = File.ReadAllText($"{disk}/dev").Trim().Split(':').Select(long.Parse).ToArray();

        var warnings = _cgroup.Apply(new OciResources { BlockIo = new OciBlockIo { ThrottleWriteBpsDevice = [new OciThrottleDevice(numbers[0], numbers[1], 1 << 20)], Weight = 300 } });

        Assert.DoesNotContain(warnings, warning => warning.Contains("I/O limit", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_WhatThisVersionLacks_IsWarnedByName()
    {
        var warnings = _cgroup.Apply(new OciResources { Memory = new OciMemory { Kernel = 1 << 20 } });

        Assert.Contains(warnings, warning => warning.StartsWith("Kernel memory limit discarded", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_Unified_OnlyOnV2()
    {
        var resources = new OciResources { Unified = new Dictionary<string, string> { ["memory.high"] = "104857600" } };
        if (_host.Mode != CgroupMode.V2)
        {
            Assert.Throws<EngineException>(() => _cgroup.Apply(resources));
            return;
        }

        Assert.Empty(_cgroup.Apply(resources));
        Assert.Throws<EngineException>(() => _cgroup.Apply(new OciResources { Unified = new Dictionary<string, string> { ["no.such"] = "1" } }));
        Assert.Throws<EngineException>(() => _cgroup.Apply(new OciResources { Unified = new Dictionary<string, string> { ["cgroup.procs"] = "1" } }));
    }

    [Fact]
    public void AddProcess_DividedCgroup_JoinsTheContainersFirst()
    {
        Assert.SkipUnless(_host.Mode == CgroupMode.V2, "needs cgroup v2: v1 cgroups hold processes on every level");
        var leaf = _host.Open($"{_parent}/c/leaf");
        leaf.Create(); // gives c's children controllers: c itself takes no process any more
        using var init = new CgroupShell(leaf);
        using var other = new CgroupShell(_host.Open($"{_parent}/c/leaf"));

        Assert.Throws<Berth.Shared.Linux.ErrnoException>(() => _cgroup.AddProcess(other.Pid));
        _cgroup.AddProcess(other.Pid, init.Pid);

        Assert.Equal([.. new[] { init.Pid, other.Pid }.Order()], _cgroup.Processes());
    }

    [Fact]
    public void Create_BelowProcesses_IsAConflict()
    {
        Assert.SkipUnless(_host.Mode == CgroupMode.V2, "needs cgroup v2: v1 cgroups hold processes on every level");
        Shell();

        var error = Assert.Throws<EngineException>(() => _host.Open($"{_parent}/c/below").Create());

        Assert.Equal(ErrorKind.Conflict, error.Kind);
    }

    [Fact]
    public void OpenDirectory_IsForCloneOnV2()
    {
        using var directory = _cgroup.OpenDirectory();

        Assert.Equal(_host.Mode == CgroupMode.V2, directory is not null);
    }

    private static bool IsReadable(CgroupOomWatch watch) => KernelPoll.IsReadable((int)watch.Descriptor.DangerousGetHandle());
}
