using System.Globalization;
using Berth.Kit;

namespace Berth.Api.Tests.Security;

/// <summary>A daemon that gives each container a range of ids of its own, driven by the docker command line.</summary>
public sealed class UserNamespaceTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private TestDaemon? started;

    private TestDaemon Daemon => started!; // InitializeAsync has run, or skipped

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null && Host.Find("docker") is not null, "needs root, published programs and the docker CLI");
        Assert.SkipUnless(Environment.OSVersion.Version >= new Version(6, 15), "needs Linux 6.15: id-mapped layers that are mounted nowhere");
        started = await TestDaemon.StartAsync("--userns-remap", "auto");
    }

    public async ValueTask DisposeAsync()
    {
        if (started is not null)
        {
            await started.DisposeAsync();
        }

        directory.Dispose();
    }

    [Fact]
    public async Task Containers_AreRootInside_AndDifferentNobodiesOutside()
    {
        Assert.Contains("name=userns", await DockerAsync("info", "-f", "{{.SecurityOptions}}"), StringComparison.Ordinal);

        // Two at once: root inside, from ranges of the host that don't overlap.
        await DockerAsync("run", "-d", "--name", "one", "-v", "shared:/data", "busybox", "sleep", "600");
        await DockerAsync("run", "-d", "--name", "two", "-v", "shared:/data", "-p", "0:80", "busybox", "sleep", "600");
        var (first, second) = (await RangeAsync("one"), await RangeAsync("two"));
        Assert.True(first.Size == 65536 && second.Size == 65536 && (first.Host + 65536 <= second.Host || second.Host + 65536 <= first.Host), $"{first} {second}");
        var status = await File.ReadAllTextAsync($"/proc/{await DockerAsync("inspect", "-f", "{{.State.Pid}}", "one")}/status");
        Assert.Contains($"Uid:\t{first.Host}\t{first.Host}", status, StringComparison.Ordinal);

        // Everything is its own as without a user namespace: files, /proc, /sys, network settings, devices, exec.
        Assert.Equal("0:0", await DockerAsync("exec", "one", "stat", "-c", "%u:%g", "/etc/hosts"));
        Assert.Equal("0:0", await DockerAsync("exec", "one", "stat", "-c", "%u:%g", "/bin/sh"));
        await DockerAsync("exec", "one", "sh", "-ec", "echo x > /root/f; chown 33:33 /root/f; mkdir /new; echo y > /dev/null; cat /etc/resolv.conf > /new/r; head -c 4 /dev/urandom > /dev/shm/x; rm /bin/true");
        Assert.Equal("33:33", await DockerAsync("exec", "one", "stat", "-c", "%u:%g", "/root/f"));
        Assert.Equal("0", await DockerAsync("exec", "one", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"));
        Assert.Equal("33", await DockerAsync("exec", "-u", "www-data", "one", "id", "-u"));
        await DockerAsync("exec", "one", "ls", "/sys/class/net/eth0");
        await DockerAsync("exec", "one", "ping", "-c", "1", "-W", "5", await DockerAsync("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "two"));
        Assert.Contains(await DockerAsync("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "one"), await DockerAsync("exec", "one", "cat", "/etc/hosts"), StringComparison.Ordinal);

        // The other's files are shared by the numbers that both see; on the host they are those of an ordinary volume.
        await DockerAsync("exec", "one", "sh", "-ec", "echo hello > /data/f; chown 5:6 /data/f");
        Assert.Equal("5:6 hello", await DockerAsync("exec", "two", "sh", "-c", "echo $(stat -c %u:%g /data/f) $(cat /data/f)"));
        Assert.Equal("5:6", (await new Command("stat", "-c", "%u:%g", Path.Combine(Daemon.DataRoot, "volumes/shared/_data/f")).RunAsync()).Expect(0).Text);

        // Restarted, and after a restart of the daemon, the range stays.
        await DockerAsync("restart", "-t", "0", "one");
        Assert.Equal(first, await RangeAsync("one"));
        Assert.Equal("33:33", await DockerAsync("exec", "one", "stat", "-c", "%u:%g", "/root/f"));
        await Daemon.KillAsync();
        await Daemon.LaunchAsync();
        Assert.Equal(second, await RangeAsync("two"));
        await DockerAsync("rm", "-f", "one");
        await DockerAsync("run", "-d", "--name", "three", "busybox", "sleep", "600");
        Assert.Equal(first, await RangeAsync("three")); // given back, and the first that is free
    }

    [Fact]
    public async Task Binds_KeepTheirOwners()
    {
        // Owned by 1000 on the host, and written by 1000 of the container.
        Directory.CreateDirectory(directory["work"]);
        (await new Command("chown", "1000:1000", directory["work"]).RunAsync()).Expect(0);

        await DockerAsync("run", "--rm", "-u", "1000:1000", "-v", $"{directory["work"]}:/work", "busybox", "sh", "-ec", "echo x > /work/f; stat -c %u /work");

        Assert.Equal("1000:1000", (await new Command("stat", "-c", "%u:%g", directory["work/f"]).RunAsync()).Expect(0).Text);
    }

    [Fact]
    public async Task UsernsHost_OptsOut_AndConflictsAreDockers()
    {
        Assert.Equal("0 0 4294967295", string.Join(' ', (await DockerAsync("run", "--rm", "--userns", "host", "busybox", "cat", "/proc/self/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        await DockerAsync("run", "--rm", "--userns", "host", "--privileged", "--pid", "host", "--network", "host", "busybox", "true");
        Assert.Contains("privileged mode is incompatible with user namespaces", (await Daemon.Docker("run", "--rm", "--privileged", "busybox", "true").RunAsync()).Error, StringComparison.Ordinal);
        Assert.Contains("cannot share the host's network namespace when user namespaces are enabled", (await Daemon.Docker("run", "--rm", "--network", "host", "busybox", "true").RunAsync()).Error, StringComparison.Ordinal);
        Assert.Equal("[]", await DockerAsync("ps", "-aq", "--format", "json") is { Length: > 0 } left ? left : "[]");
    }

    [Fact]
    public async Task Commands_WorkAsWithoutIt()
    {
        Assert.Equal("ok", await DockerAsync("run", "--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none", "busybox", "sh", "-c", "echo x > /tmp/f && echo ok"));
        Assert.Equal("1", await DockerAsync("run", "--rm", "--init", "--sysctl", "net.ipv4.ip_forward=1", "busybox", "cat", "/proc/sys/net/ipv4/ip_forward"));
        Assert.Equal("/dev/full", await DockerAsync("run", "--rm", "--device", "/dev/full:/dev/full", "busybox", "sh", "-c", "echo x > /dev/full 2>/dev/null || echo /dev/full"));
        Assert.Equal("7", (await Daemon.Docker("run", "--rm", "busybox", "sh", "-c", "exit 7").RunAsync()).ExitCode.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(127, (await Daemon.Docker("run", "--rm", "busybox", "no-such-program").RunAsync()).ExitCode);
        Assert.Contains("Memory", await DockerAsync("run", "--rm", "-m", "64m", "busybox", "sh", "-c", "echo Memory"), StringComparison.Ordinal);
    }

    private async Task<(uint Host, uint Size)> RangeAsync(string container)
    {
        var fields = (await DockerAsync("exec", container, "cat", "/proc/1/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("0", fields[0]);
        return (uint.Parse(fields[1], CultureInfo.InvariantCulture), uint.Parse(fields[2], CultureInfo.InvariantCulture));
    }

    private async Task<string> DockerAsync(params string[] arguments) => (await Daemon.Docker(arguments).RunAsync()).Expect(0).Text.TrimEnd();
}
