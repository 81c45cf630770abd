using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Lifecycle;

/// <summary>docker update: what the kernel then has, and what inspect shows.</summary>
public sealed class UpdateTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    /// <summary>What a file of the container's cgroup says: the v1 controller and file, or the v2 file.</summary>
    private async Task<string> CgroupAsync(string name, string controller, string v1File, string v2File)
    {
        var pid = await DockerAsync("inspect", "-f", "{{.State.Pid}}", name);
        var lines = await File.ReadAllLinesAsync($"/proc/{pid}/cgroup");
        var line = lines.Select(line => line.Split(':', 3)).First(parts => Host.HasCgroup2 ? parts[0] == "0" : parts[1].Split(',').Contains(controller));
        var directory = Host.HasCgroup2 ? "/sys/fs/cgroup" : $"/sys/fs/cgroup/{controller}";
        return (await File.ReadAllTextAsync($"{directory}{line[2]}/{(Host.HasCgroup2 ? v2File : v1File)}")).Trim();
    }

    private Task<string> InspectAsync(string name, string format) => DockerAsync("inspect", "-f", format, name);

    [Fact]
    public async Task Update_OfARunningContainersMemory_UpAndDown_IsInForce()
    {
        await DockerAsync("run", "-d", "--name", "u-mem", "-m", "64m", "--memory-swap", "128m", "busybox", "sleep", "600");

        await DockerAsync("update", "-m", "200m", "--memory-swap", "300m", "u-mem");
        Assert.Equal($"{200 << 20}", await CgroupAsync("u-mem", "memory", "memory.limit_in_bytes", "memory.max"));
        await DockerAsync("update", "-m", "32m", "--memory-swap", "40m", "--memory-reservation", "16m", "u-mem");

        Assert.Equal($"{32 << 20}", await CgroupAsync("u-mem", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal($"{16 << 20}", await CgroupAsync("u-mem", "memory", "memory.soft_limit_in_bytes", "memory.low"));
        Assert.Equal(Host.HasCgroup2 ? $"{8 << 20}" : $"{40 << 20}", await CgroupAsync("u-mem", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"));
        Assert.Equal($"{32 << 20} {40 << 20} {16 << 20}", await InspectAsync("u-mem", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}}"));
        await DockerAsync("rm", "-f", "u-mem");
    }

    [Fact]
    public async Task Update_OfMemoryAboveTheSwapLimit_IsRefusedAndNothingChanges()
    {
        await DockerAsync("run", "-d", "--name", "u-swap", "-m", "64m", "--memory-swap", "64m", "busybox", "sleep", "600");

        var refused = (await Daemon.Docker("update", "-m", "100m", "u-swap").RunAsync()).Expect(1);

        Assert.Contains("Memory limit should be smaller than already set memoryswap limit", refused.Error, StringComparison.Ordinal);
        Assert.Equal($"{64 << 20}", await CgroupAsync("u-swap", "memory", "memory.limit_in_bytes", "memory.max"));
        await DockerAsync("rm", "-f", "u-swap");
    }

    [Fact]
    public async Task Update_OfProcessorsAndProcesses_IsInForce()
    {
        await DockerAsync("run", "-d", "--name", "u-cpu", "--pids-limit", "50", "busybox", "sleep", "600");

        await DockerAsync("update", "--cpus", "0.5", "-c", "512", "--cpuset-cpus", "0", "--pids-limit", "20", "u-cpu");

        Assert.Equal(Host.HasCgroup2 ? "50000 100000" : "50000", await CgroupAsync("u-cpu", "cpu", "cpu.cfs_quota_us", "cpu.max"));
        Assert.Equal("0", await CgroupAsync("u-cpu", "cpuset", "cpuset.cpus", "cpuset.cpus"));
        Assert.Equal("20", await CgroupAsync("u-cpu", "pids", "pids.max", "pids.max"));
        if (!Host.HasCgroup2)
        {
            Assert.Equal("512", await CgroupAsync("u-cpu", "cpu", "cpu.shares", ""));
        }

        await DockerAsync("update", "--cpus", "0.25", "--pids-limit", "-1", "u-cpu");
        Assert.Equal(Host.HasCgroup2 ? "25000 100000" : "25000", await CgroupAsync("u-cpu", "cpu", "cpu.cfs_quota_us", "cpu.max"));
        Assert.Equal("max", await CgroupAsync("u-cpu", "pids", "pids.max", "pids.max"));
        var refused = (await Daemon.Docker("update", "--cpu-period", "50000", "u-cpu").RunAsync()).Expect(1);
        Assert.Contains("CPU Period cannot be updated as NanoCPUs has already been set", refused.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "u-cpu");
    }

    [Fact]
    public async Task Update_OfAContainerAtRest_HoldsForItsNextStart()
    {
        await DockerAsync("create", "--name", "u-rest", "busybox", "sleep", "600");

        await DockerAsync("update", "-m", "48m", "--cpu-quota", "20000", "--cpu-period", "50000", "u-rest");
        await DockerAsync("start", "u-rest");

        Assert.Equal($"{48 << 20}", await CgroupAsync("u-rest", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal(Host.HasCgroup2 ? "20000 50000" : "20000", await CgroupAsync("u-rest", "cpu", "cpu.cfs_quota_us", "cpu.max"));
        await DockerAsync("rm", "-f", "u-rest");
    }

    [Fact]
    public async Task Update_OfDeviceRates_ChangesThoseThatAreNamed()
    {
        var device = "/dev/" + Directory.GetDirectories("/sys/block").Select(Path.GetFileName).FirstOrDefault(name => File.Exists($"/dev/{name}"));
        Assert.SkipUnless(File.Exists(device), "needs a block device");
        var numbers = (await File.ReadAllTextAsync($"/sys/block/{Path.GetFileName(device)}/dev")).Trim();
        await DockerAsync("run", "-d", "--name", "u-io", "--device-read-bps", $"{device}:1mb", "--device-write-iops", $"{device}:100", "busybox", "sleep", "600");

        var (status, text) = await Daemon.PostAsync("/containers/u-io/update",
            $$"""{"BlkioDeviceReadBps":[{"Path":"{{device}}","Rate":2097152}],"BlkioDeviceWriteIOps":[{"Path":"{{device}}","Rate":0}]}""");

        Assert.True(status == 200, text);
        if (Host.HasCgroup2)
        {
            Assert.Equal($"{numbers} rbps=2097152 wbps=max riops=max wiops=max", await CgroupAsync("u-io", "", "", "io.max"));
        }
        else
        {
            Assert.Equal($"{numbers} 2097152", await CgroupAsync("u-io", "blkio", "blkio.throttle.read_bps_device", ""));
            Assert.Equal("", await CgroupAsync("u-io", "blkio", "blkio.throttle.write_iops_device", ""));
        }

        Assert.Equal("2097152 0", await InspectAsync("u-io", "{{(index .HostConfig.BlkioDeviceReadBps 0).Rate}} {{len .HostConfig.BlkioDeviceWriteIOps}}"));
        await DockerAsync("rm", "-f", "u-io");
    }

    [Fact]
    public async Task Update_RefusedByTheKernel_SetsBackWhatWasSet()
    {
        await DockerAsync("run", "-d", "--name", "u-half", "-m", "64m", "busybox", "sleep", "600");

        // Memory is set first; then the kernel refuses a memory node that is not there.
        var (status, text) = await Daemon.PostAsync("/containers/u-half/update", """{"Memory":33554432,"CpusetMems":"63"}""");

        Assert.True(status == 400, text);
        Assert.Contains("cpuset.mems", text, StringComparison.Ordinal);
        Assert.Equal($"{64 << 20}", await CgroupAsync("u-half", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal($"{64 << 20} ", await InspectAsync("u-half", "{{.HostConfig.Memory}} {{.HostConfig.CpusetMems}}"));
        await DockerAsync("rm", "-f", "u-half");
    }

    [Fact]
    public async Task Update_SurvivesTheDaemon()
    {
        await DockerAsync("run", "-d", "--name", "u-kept", "busybox", "sleep", "600");
        await DockerAsync("update", "--pids-limit", "33", "--restart", "unless-stopped", "u-kept");

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();

        Assert.Equal("33 unless-stopped", await InspectAsync("u-kept", "{{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}"));
        Assert.Equal("33", await CgroupAsync("u-kept", "pids", "pids.max", "pids.max"));
        await DockerAsync("rm", "-f", "u-kept");
    }
}
