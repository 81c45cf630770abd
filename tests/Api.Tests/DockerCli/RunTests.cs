namespace Berth.Api.Tests.DockerCli;

public sealed class RunTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Run_WithRm_PrintsOutputAndLeavesNoContainer()
    {
        var output = await DockerAsync("run", "--rm", "--name", "gone", "busybox", "echo", "hello");

        Assert.Equal("hello", output);
        Assert.Equal("", await DockerAsync("ps", "-aq", "--filter", "name=^/gone$"));
    }

    [Fact]
    public async Task Run_WhenProgramFails_GivesItsExitStatus()
        => (await Daemon.Docker("run", "--rm", "busybox", "sh", "-c", "exit 42").RunAsync()).Expect(42);

    [Fact]
    public async Task Run_WhenProgramIsMissing_Is127AndNamesIt()
    {
        var result = (await Daemon.Docker("run", "--rm", "busybox", "no-such-program").RunAsync()).Expect(127);

        Assert.Contains("no-such-program", result.Error, StringComparison.Ordinal);
        Assert.Contains("executable file not found", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenProgramIsNotExecutable_Is126()
        => (await Daemon.Docker("run", "--rm", "busybox", "/etc/passwd").RunAsync()).Expect(126);

    [Fact]
    public async Task Run_WhenImageIsMissing_Is125()
        => (await Daemon.Docker("run", "--rm", "--pull", "never", "no-such-image").RunAsync()).Expect(125);

    [Fact]
    public async Task Run_WithPipedInput_ReadsItToItsEnd()
    {
        var result = (await Daemon.Docker("run", "--rm", "-i", "busybox", "cat").Input("one\ntwo\n").RunAsync()).Expect(0);

        Assert.Equal("one\ntwo\n", result.Output);
    }

    [Fact]
    public async Task Run_WithLargePipedInput_LosesNothing()
    {
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(n => $"line {n}\n"));

        var result = (await Daemon.Docker("run", "--rm", "-i", "busybox", "md5sum").Input(text).RunAsync()).Expect(0);

#pragma warning disable CA5351 // The program under test is md5sum; nothing is secured by it.
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
        Assert.StartsWith(expected, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_KeepsOutputAndErrorsApart()
    {
        var result = (await Daemon.Docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2").RunAsync()).Expect(0);

        Assert.Equal("out\n", result.Output);
        Assert.Equal("err\n", result.Error);
    }

    [Fact]
    public async Task Run_WithOptions_AppliesThem()
    {
        var output = await DockerAsync(
            "run", "--rm", "-e", "COLOR=blue", "-w", "/tmp", "-h", "harbour", "-u", "33:100", "--tmpfs", "/scratch:size=1m", "--read-only", "-v", "/etc/hostname:/host-name:ro",
            "busybox", "sh", "-c", "echo $COLOR; pwd; hostname; id -u; id -g; grep -c ' /scratch tmpfs ' /proc/mounts; touch /x 2>&1; test -s /host-name && echo bound");

        Assert.Equal(["blue", "/tmp", "harbour", "33", "100", "1", "touch: /x: Read-only file system", "bound"], output.Split('\n'));
    }

    [Fact]
    public async Task Run_InTerminal_ResizesAndDetaches()
    {
        await using var terminal = Terminal(24, 80, "run", "-it", "--name", "tty", "busybox", "sh");
        await terminal.SeeAsync("/ #");

        terminal.Type("stty size\r");
        await terminal.SeeAsync("24 80");
        terminal.Resize(40, 100);
        await Kit.Host.EventuallyAsync(
            async () =>
            {
                terminal.Type("stty size\r");
                await Task.Delay(100);
                return terminal.Screen.Contains("40 100", StringComparison.Ordinal);
            },
            "the new size is seen inside");
        terminal.Type("\x10\x11");
        await terminal.ExitAsync();

        Assert.Equal("running", await DockerAsync("inspect", "-f", "{{.State.Status}}", "tty"));
        await DockerAsync("rm", "-f", "tty");
    }

    [Fact]
    public async Task Run_InTerminal_EndsWithTheShell()
    {
        await using var terminal = Terminal(24, 80, "run", "--rm", "-it", "busybox", "sh");
        await terminal.SeeAsync("/ #");

        terminal.Type("exit 7\r");

        Assert.Equal(7, await terminal.ExitAsync());
    }

    [Fact]
    public async Task Run_WithPublishedPort_IsReachedOnLoopback()
    {
        await DockerAsync("run", "-d", "--name", "web", "-p", "127.0.0.1::8080", "busybox", "sh", "-c", "mkdir /www; echo served > /www/index.html; httpd -f -p 8080 -h /www");
        var port = (await DockerAsync("port", "web", "8080")).Split(':')[^1];
        using var http = new HttpClient();

        var text = "";
        await Kit.Host.EventuallyAsync(
            async () =>
            {
                try
                {
                    text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"));
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the published port answers");

        Assert.Equal("served\n", text);
        await DockerAsync("rm", "-f", "web");
    }

    [Fact]
    public async Task Run_WithAutoRemoveInBackground_GoesAtItsEnd()
    {
        var id = await DockerAsync("run", "-d", "--rm", "busybox", "true");

        await Kit.Host.EventuallyAsync(async () => (await DockerAsync("ps", "-aq", "--no-trunc", "--filter", $"id={id}")).Length == 0, "the container is gone");
    }
}
