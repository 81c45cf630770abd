using Berth.Kit;

namespace Berth.Api.Tests.Isolation;

/// <summary>What a container sees of its host, and what it can do to it.</summary>
public sealed class IsolationTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    private async Task<string> InsideAsync(string script, params string[] options)
        => (await fixture.Daemon.Berth(["run", "--rm", .. options, "busybox", "sh", "-c", script]).RunAsync()).Expect(0).Text;

    [Fact]
    public async Task Processes_OfTheHost_AreNotSeen()
        => Assert.Equal("1", await InsideAsync("for p in /proc/[0-9]*; do echo ${p#/proc/}; done"));

    [Fact]
    public async Task Init_IsTheProgramItself() => Assert.Equal("sh", await InsideAsync("cat /proc/1/comm; true"));

    [Fact]
    public async Task Mounts_OfTheHost_AreNotSeen()
    {
        var mounts = await InsideAsync("cat /proc/mounts");

        Assert.DoesNotContain(mounts.Split('\n'), line => line.Split(' ')[1] is "/boot" || line.Contains("put_old", StringComparison.Ordinal));
        Assert.StartsWith("overlay / overlay ", mounts, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_OfTheHost_AreNotSeen()
        => Assert.Equal("eth0\nlo", await InsideAsync("ls /sys/class/net | sort"));

    [Fact]
    public async Task Hostname_IsTheContainersId()
    {
        Assert.Matches("^[0-9a-f]{12}$", await InsideAsync("hostname"));
    }

    [Fact]
    public async Task Capabilities_AreTheDefaultFourteen()
        => Assert.Equal("CapBnd:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb", await InsideAsync("grep -E 'Cap(Inh|Prm|Eff|Bnd)' /proc/self/status | sort"));

    [Fact]
    public async Task Seccomp_IsOnAndBlocksWithEperm()
    {
        Assert.Equal("Seccomp:\t2", await InsideAsync("grep 'Seccomp:' /proc/self/status"));
        Assert.Contains("Operation not permitted", await InsideAsync("unshare -U true 2>&1; true"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaskedPaths_AreUnreadable()
        => Assert.Equal("0\n0", await InsideAsync("cat /proc/kcore | wc -c; ls /sys/firmware | wc -l"));

    [Fact]
    public async Task ReadOnlyPaths_CannotBeWritten()
        => Assert.Contains("Read-only file system", await InsideAsync("(echo 1 > /proc/sys/kernel/panic) 2>&1; true"), StringComparison.Ordinal);

    [Fact]
    public async Task Devices_OutsideTheList_AreRefused()
        => Assert.Contains("Operation not permitted", await InsideAsync("mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem 2>&1; true"), StringComparison.Ordinal);

    [Fact]
    public async Task ForkBomb_IsStoppedByItsLimit()
    {
        var result = await fixture.Daemon.Berth("run", "--rm", "--pids-limit", "20", "busybox", "sh", "-c", "i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; wait").RunAsync();

        Assert.Contains("can't fork", result.Error, StringComparison.Ordinal);
        Assert.Equal("usable", await InsideAsync("echo usable"));
    }

    [Fact]
    public async Task MemoryHog_IsKilledAndReported()
    {
        var result = await fixture.Daemon.Berth("run", "--name", "hog", "-m", "16m", "busybox", "sh", "-c", "tail -c 200m /dev/zero | cat > /dev/null; exec tail /dev/zero").RunAsync();

        Assert.Equal(137, result.ExitCode);
        Assert.Equal("true 137", (await fixture.Daemon.Berth("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "hog").RunAsync()).Expect(0).Text);
        (await fixture.Daemon.Berth("rm", "hog").RunAsync()).Expect(0);
    }

    [Fact]
    public async Task HostMountTable_StaysEmptyOfContainers()
    {
        (await fixture.Daemon.Berth("run", "-d", "--name", "mounts", "busybox", "sleep", "60").RunAsync()).Expect(0);

        Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(fixture.Daemon.DataRoot, StringComparison.Ordinal));
        (await fixture.Daemon.Berth("rm", "-f", "mounts").RunAsync()).Expect(0);
    }
}
