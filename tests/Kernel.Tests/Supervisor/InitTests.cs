using System.Text.RegularExpressions;
using Berth.Kit;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Kernel.Tests.Supervisor;

/// <summary>The init that a container gets where one was asked for.</summary>
public sealed partial class InitTests
{
    private const int Interrupt = 2, User1 = 10, Terminate = 15;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -TERM $$; sleep 9", 143)]
    [InlineData("kill -KILL $$; sleep 9", 137)]
    public async Task Exit_IsTheMainProcesss(string script, int code)
    {
        await using var container = WithInit("sh", "-c", script);

        await container.LaunchAsync();

        Assert.Equal(code, (await container.ExitAsync()).ExitCode);
        Assert.Equal(0, (await container.Ended).Code);
    }

    [Fact]
    public async Task First_IsTheInit_WithTheProgramsArgumentsAndEnvironment_AndIsSmall()
    {
        await using var container = WithInit("sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; echo; cat /proc/1/comm; tr '\\0' ' ' </proc/1/environ; echo; ls -l /proc/1/fd /proc/1/exe; cat /proc/1/status; sleep 100");
        await container.LaunchAsync();
        await container.UntilLoggedAsync("nonvoluntary_ctxt_switches");

        var text = container.LoggedText;
        Assert.Contains("berth-init -- sh -c tr ", text, StringComparison.Ordinal);
        Assert.Contains("\nberth-init\n", text, StringComparison.Ordinal);
        Assert.Contains("PATH=/bin TERM=xterm", text, StringComparison.Ordinal);
        Assert.Equal(3, Descriptor().Count(text)); // the standard streams and no more
        Assert.Contains("/memfd:berth-init (deleted)", text, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", text, StringComparison.Ordinal);
        Assert.Contains("Threads:\t1", text, StringComparison.Ordinal);
        Assert.Contains("CapEff:\t0000000000000000", text, StringComparison.Ordinal);
        var memory = File.ReadLines($"/proc/{container.Launched!.Pid}/smaps_rollup").Single(line => line.StartsWith("Rss:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(memory.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], provider: null), 0, 64);
    }

    [Fact]
    public async Task MainProcess_HasCleanSignals_AndAGroupOfItsOwn()
    {
        await using var container = WithInit("cat", "/proc/self/status", "/proc/self/stat");
        await container.LaunchAsync();
        await container.ExitAsync();

        var text = container.LoggedText;
        Assert.Contains("SigBlk:\t0000000000000000", text, StringComparison.Ordinal);
        Assert.Contains("SigIgn:\t0000000000000000", text, StringComparison.Ordinal);
        var stat = container.LoggedLines().Last().Split(' '); // pid (comm) state ppid pgrp session
        Assert.Equal(("1", stat[0], "1"), (stat[3], stat[4], stat[5]));
    }

    [Fact]
    public async Task Orphans_AreReaped()
    {
        // Each subshell ends before its child: the sleeper becomes the init's, and a zombie if that did not wait for it.
        await using var container = WithInit("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.1 & exec true); done; sleep 0.5; ps -o stat,comm; echo done; sleep 100");
        await container.LaunchAsync();
        await container.UntilLoggedAsync("done");

        Assert.DoesNotContain(container.LoggedLines(), line => line.StartsWith('Z'));
        Assert.DoesNotContain(container.LoggedLines(), line => line.Contains("sleep", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Interrupt, "INT")]
    [InlineData(User1, "USR1")]
    [InlineData(Terminate, "TERM")]
    [InlineData(1, "HUP")]
    [InlineData(28, "WINCH")]
    [InlineData(37, "37")] // SIGRTMIN + 3
    public async Task Signals_ReachTheMainProcess(int signal, string name)
    {
        await using var container = WithInit("sh", "-c", $"trap 'echo caught {name}; exit 3' {name}; echo ready; while :; do sleep 0.05; done");
        await container.LaunchAsync();
        await container.UntilLoggedAsync("ready");
        using var other = await container.ConnectAsync();

        await other.SignalAsync(signal, all: false, Ct);

        Assert.Equal(3, (await container.ExitAsync()).ExitCode);
        Assert.Contains($"caught {name}\n", container.LoggedLines());
    }

    [Fact]
    public async Task Terminate_OfAProgramThatDoesNotCatchIt_EndsItAtOnce()
    {
        // As the first process it would be immune to it: what makes "stop" wait its ten seconds.
        await using var container = WithInit("sleep", "100");
        await container.LaunchAsync();
        using var other = await container.ConnectAsync();

        await other.SignalAsync(Terminate, all: false, Ct);

        Assert.Equal(143, (await container.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Terminal_BelongsToTheMainProcess()
    {
        await using var container = WithInit();
        container.Spec = container.Spec with { Process = SupervisedContainer.Shell("ps -o pid,pgid,stat,comm; trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.05; done", terminal: true) };
        container.Launch = container.Launch with { OpenStdin = true };
        await container.Control.ListenAsync(container.Launch.SocketPath, Ct);
        using var stream = await container.AttachAsync();
        await container.LaunchAsync();

        await SupervisedContainer.ReadUntilAsync(stream, "ready");
        stream.Send([3]); // ^C

        Assert.Contains("interrupted", await SupervisedContainer.ReadAsync(stream), StringComparison.Ordinal);
        Assert.Equal(4, (await container.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Launch_OfAMissingProgram_FailsAsWithoutAnInit()
    {
        await using var container = WithInit("no-such-program");

        var thrown = await Assert.ThrowsAsync<SupervisorException>(container.LaunchAsync);

        Assert.Equal(127, thrown.Failure.ExitCode);
        Assert.Contains("executable file not found in $PATH", thrown.Message, StringComparison.Ordinal);
        await container.Ended;
        Assert.False(container.Cgroup.Exists);
    }

    [Fact]
    public async Task Exec_RunsBesideTheInit_AndItsOrphansAreReaped()
    {
        await using var container = WithInit("sleep", "100");
        await container.LaunchAsync();

        var (_, stream) = await container.ExecAsync("e1", SupervisedContainer.Shell("(sleep 0.1 & exec true); sleep 0.4; ps -o stat,comm"));
        var (text, _) = await SupervisedContainer.ReadFramedAsync(stream!);
        stream!.Dispose();

        Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith('Z'));
        Assert.Contains("berth-init", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostsPidNamespace_OrphansAreReaped_AndAllEndTogether()
    {
        await using var container = WithInit("sh", "-c", "(sleep 0.1 & exec true); sleep 0.4; echo pid $$; sleep 300");
        container.Spec = container.Spec with { Linux = container.Spec.Linux! with { Namespaces = [new("ipc"), new("uts"), new("mount"), new("network")] } };
        await container.LaunchAsync();
        await container.UntilLoggedAsync("pid ");

        var main = int.Parse(container.LoggedLines().Single().Split(' ')[1], provider: null);
        Assert.NotEqual(1, main);
        Assert.Equal([main], Children(container.Launched!.Pid));

        Processes.TrySignal(container.Launched.Pid, 9); // the init alone
        Assert.Equal(137, (await container.ExitAsync()).ExitCode);
        await Host.EventuallyAsync(() => !Directory.Exists($"/proc/{main}"), "the main process has ended with its init");
    }

    [Fact]
    public async Task Seccomp_BindsTheInitToo()
    {
        await using var container = WithInit("sh", "-c", "grep Seccomp: /proc/1/status /proc/self/status");
        container.Spec = container.Spec with
        {
            Linux = container.Spec.Linux! with { Seccomp = new OciSeccomp { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [new OciSyscallRule { Names = ["mkdir", "mkdirat"], Action = "SCMP_ACT_ERRNO" }] } },
        };

        await container.LaunchAsync();
        await container.ExitAsync();

        Assert.Equal(["/proc/1/status:Seccomp:\t2\n", "/proc/self/status:Seccomp:\t2\n"], container.LoggedLines());
    }

    [Fact]
    public async Task Program_CannotBeChangedFromInside()
    {
        await using var container = WithInit("sh", "-c", "echo x >/proc/1/exe || echo refused; sleep 100");
        container.Spec = container.Spec with { Process = container.Spec.Process! with { Capabilities = new OciCapabilities { Bounding = ["CAP_DAC_OVERRIDE"], Effective = ["CAP_DAC_OVERRIDE"], Permitted = ["CAP_DAC_OVERRIDE"] } } };
        await container.LaunchAsync();

        await container.UntilLoggedAsync("refused");
    }

    private static SupervisedContainer WithInit(params string[] args)
    {
        var container = new SupervisedContainer(args);
        container.Launch = container.Launch with { Init = true };
        return container;
    }

    private static int[] Children(int pid) => [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(child => int.Parse(child, provider: null))];

    [GeneratedRegex(@"\d -> (/dev/null|pipe:)")]
    private static partial Regex Descriptor();
}
