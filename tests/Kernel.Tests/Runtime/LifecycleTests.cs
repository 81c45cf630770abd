using System.Text.Json;
using Berth.Kit;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>The OCI operations, as an engine calls them.</summary>
public sealed class LifecycleTests
{
    [Fact]
    public async Task Container_FromCreateToDelete_HasTheStandardsStates()
    {
        using var bundle = new RuntimeBundle();
        bundle.Write(RuntimeBundle.Spec("sleep", "1000"));
        var id = bundle.NewId();

        (await new Command("/bin/sh", "-c", $"exec {RuntimeBundle.Runtime} --root {bundle.Root} create --pid-file {bundle.Path["pid"]} --bundle {bundle.Path.Path} {id} </dev/null >/dev/null 2>&1").RunAsync()).Expect(0);
        var created = await bundle.StatusAsync(id);
        (await bundle.CommandAsync("start", id)).Expect(0);
        var running = await bundle.StatusAsync(id);
        (await bundle.CommandAsync("pause", id)).Expect(0);
        var paused = await bundle.StatusAsync(id);
        (await bundle.CommandAsync("resume", id)).Expect(0);
        var early = await bundle.CommandAsync("delete", id);
        var state = JsonDocument.Parse((await bundle.CommandAsync("state", id)).Output).RootElement;
        (await bundle.CommandAsync("kill", id, "KILL")).Expect(0);
        await Host.EventuallyAsync(async () => await bundle.StatusAsync(id) == "stopped", "stopped");
        var again = await bundle.CommandAsync("start", id);
        (await bundle.CommandAsync("delete", id)).Expect(0);

        Assert.Equal(("created", "running", "paused"), (created, running, paused));
        Assert.NotEqual(0, early.ExitCode);
        Assert.NotEqual(0, again.ExitCode);
        Assert.Equal(File.ReadAllText(bundle.Path["pid"]), state.GetProperty("pid").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(bundle.Path.Path, state.GetProperty("bundle").GetString());
        Assert.Contains("does not exist", (await bundle.CommandAsync("state", id)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Twice_KeepsTheFirst()
    {
        using var bundle = new RuntimeBundle();
        var id = await bundle.StartAsync(RuntimeBundle.Spec("sleep", "1000"));

        var second = await bundle.CommandAsync("create", "--bundle", bundle.Path.Path, id);

        Assert.Contains("already exists", second.Error, StringComparison.Ordinal);
        Assert.Equal("running", await bundle.StatusAsync(id));
    }

    [Fact]
    public async Task Start_OfWhatIsNotExecutable_FailsAtCreate()
    {
        using var bundle = new RuntimeBundle();
        bundle.Write(RuntimeBundle.Spec("nosuch"));

        var result = await bundle.CommandAsync("create", "--bundle", bundle.Path.Path, bundle.NewId());

        Assert.Equal(127, result.ExitCode);
        Assert.Contains("executable file not found", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WhenTheProgramHasAnUnknownFormat_TellsTheStarter()
    {
        using var bundle = new RuntimeBundle();
        File.WriteAllText(bundle.Path["rootfs/garbage"], "no program");
        File.SetUnixFileMode(bundle.Path["rootfs/garbage"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        bundle.Write(RuntimeBundle.Spec("/garbage"));
        var id = bundle.NewId();
        (await new Command("/bin/sh", "-c", $"exec {RuntimeBundle.Runtime} --root {bundle.Root} create --bundle {bundle.Path.Path} {id} </dev/null >/dev/null 2>&1").RunAsync()).Expect(0);

        var start = await bundle.CommandAsync("start", id);

        Assert.Equal(126, start.ExitCode);
        Assert.Contains("exec: \"/garbage\": exec format error", start.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_ByForce_EndsEverything()
    {
        using var bundle = new RuntimeBundle();
        var id = await bundle.StartAsync(RuntimeBundle.Shell("sleep 1000 & sleep 1000 & wait"));

        (await bundle.CommandAsync("delete", "--force", id)).Expect(0);
        (await bundle.CommandAsync("delete", "--force", id)).Expect(0);

        Assert.Equal("", await bundle.StatusAsync(id));
    }

    [Fact]
    public async Task Exec_EntersEveryNamespace()
    {
        using var bundle = new RuntimeBundle();
        var id = await bundle.StartAsync(RuntimeBundle.Spec("sleep", "1000"));

        var seen = (await bundle.CommandAsync("exec", id, "sh", "-c", "for n in mnt pid net ipc uts cgroup; do test $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) || echo $n differs; done; hostname; grep CapEff /proc/self/status; ls /proc/self/fd")).Expect(0).Text;

        Assert.Equal(["berth", "CapEff:\t0000000020000420", "0", "1", "2", "3"], seen.Split('\n'));
    }

    [Fact]
    public async Task Exec_IsInTheContainersCgroup()
    {
        using var bundle = new RuntimeBundle();
        var id = await bundle.StartAsync(RuntimeBundle.Spec("sleep", "1000"));
        using var process = new Command(RuntimeBundle.Runtime, "--root", bundle.Root, "exec", id, "sleep", "1000").Start();

        await Host.EventuallyAsync(async () => (await bundle.CommandAsync("ps", "-f", "json", id)).Output.Split(',').Length == 2, "two processes in the cgroup");
        (await bundle.CommandAsync("kill", "--all", id, "KILL")).Expect(0);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(137, process.ExitCode);
    }

    [Theory]
    [InlineData("nosuch", 127)]
    [InlineData("/bin", 126)]
    public async Task Exec_OfWhatCannotBeExecuted_SaysSo(string program, int exitCode)
    {
        using var bundle = new RuntimeBundle();
        var id = await bundle.StartAsync(RuntimeBundle.Spec("sleep", "1000"));

        Assert.Equal(exitCode, (await bundle.CommandAsync("exec", id, program)).ExitCode);
    }

    [Fact]
    public async Task Exec_InAUserNamespace_IsItsRoot()
    {
        using var bundle = new RuntimeBundle();
        OciIdMapping[] map = [new() { ContainerId = 0, HostId = 200000, Size = 65536 }];
        var spec = RuntimeBundle.Spec("sleep", "1000");
        var id = await bundle.StartAsync(spec with { Linux = spec.Linux! with { Namespaces = [.. spec.Linux!.Namespaces!, new OciNamespace("user")], UidMappings = map, GidMappings = map } });

        var seen = await bundle.CommandAsync("exec", id, "sh", "-c", "id -u; cat /proc/self/uid_map");

        Assert.Equal(["0", "         0     200000      65536"], seen.Expect(0).Text.Split('\n'));
    }

    [Fact]
    public async Task Exec_WithTheContainersSeccomp_IsFilteredToo()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("sleep", "1000");
        var id = await bundle.StartAsync(spec with
        {
            Linux = spec.Linux! with { Seccomp = new OciSeccomp { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [new OciSyscallRule { Names = ["mkdir"], Action = "SCMP_ACT_ERRNO" }] } },
        });

        Assert.Contains("Operation not permitted", (await bundle.CommandAsync("exec", id, "mkdir", "/x")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnATerminal_HasItAsConsole()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("tty; stty size; echo console > /dev/console; read line; echo got $line; exit 5");
        bundle.Write(spec with { Process = spec.Process! with { Terminal = true } });
        await using var terminal = PseudoTerminal.Start(24, 80, new Dictionary<string, string>(), RuntimeBundle.Runtime, "--root", bundle.Root, "run", "--bundle", bundle.Path.Path, bundle.NewId());

        await terminal.SeeAsync("/dev/pts/0");
        await terminal.SeeAsync("24 80");
        await terminal.SeeAsync("console");
        terminal.Type("typed\r");
        await terminal.SeeAsync("got typed");

        Assert.Equal(5, await terminal.ExitAsync());
    }

    [Fact]
    public async Task Hooks_RunInOrderAndPlace()
    {
        using var bundle = new RuntimeBundle();
        var log = bundle.Path["hooks"];
        OciHook Hook(string name) => new() { Path = "/bin/sh", Args = ["sh", "-c", $"cat > {log}.{name}; echo {name} $(hostname) >> {log}"], Env = ["PATH=/bin:/usr/bin"] };
        var spec = RuntimeBundle.Shell("cat /dev/shm/state");

        var result = await bundle.RunAsync(spec with
        {
            Hooks = new OciHooks
            {
                Prestart = [Hook("prestart")],
                CreateRuntime = [Hook("createRuntime")],
                CreateContainer = [Hook("createContainer")],
                StartContainer = [new OciHook { Path = "/bin/sh", Args = ["sh", "-c", "cat > /dev/shm/state"], Env = ["PATH=/bin"] }],
                Poststart = [Hook("poststart")],
                Poststop = [Hook("poststop")],
            },
        });

        Assert.Equal("created", JsonDocument.Parse(result.Expect(0).Output).RootElement.GetProperty("status").GetString());
        var host = Environment.MachineName;
        Assert.Equal([$"prestart {host}", $"createRuntime {host}", "createContainer berth", $"poststart {host}", $"poststop {host}"], File.ReadAllLines(log));
        Assert.Equal("creating", JsonDocument.Parse(File.ReadAllText($"{log}.createRuntime")).RootElement.GetProperty("status").GetString());
        Assert.True(JsonDocument.Parse(File.ReadAllText($"{log}.createContainer")).RootElement.GetProperty("pid").GetInt32() > 1);
    }

    [Fact]
    public async Task Run_JoiningNamespaces_SharesThem()
    {
        using var bundle = new RuntimeBundle();
        var first = await bundle.StartAsync(RuntimeBundle.Spec("sleep", "1000"));
        var pid = JsonDocument.Parse((await bundle.CommandAsync("state", first)).Output).RootElement.GetProperty("pid").GetInt32();
        var spec = RuntimeBundle.Shell("ps | grep -c 'sleep 1000'; hostname");
        OciNamespace Join(string type, string file) => new(type, $"/proc/{pid}/ns/{file}");

        var seen = await bundle.RunAsync(spec with
        {
            Hostname = null,
            Linux = spec.Linux! with { Namespaces = [Join("pid", "pid"), Join("network", "net"), Join("ipc", "ipc"), Join("uts", "uts"), new OciNamespace("mount"), new OciNamespace("cgroup")] },
        });

        Assert.Equal("berth", seen.Text.Split('\n')[1]);
        Assert.NotEqual("0", seen.Text.Split('\n')[0]);
    }

    [Fact]
    public async Task Run_ManyTimes_LeavesNothing()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("true");

        for (var i = 0; i < 60; i++)
        {
            (await bundle.RunAsync(spec)).Expect(0);
        }

        // The bundle looks for mounts, cgroups and states that are left.
    }
}
