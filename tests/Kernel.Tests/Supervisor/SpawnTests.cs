using Berth.Shared.Linux;

namespace Berth.Kernel.Tests.Supervisor;

public sealed class SpawnTests
{
    [Fact]
    public async Task Start_OfAProgram_GivesItsExitCode()
    {
        using var process = Spawn.Start("/bin/sh", ["sh", "-c", "exit 7"], []);

        Assert.Equal(7, (await process.WaitAsync()).Code);
    }

    [Fact]
    public async Task Start_OfManyAtOnce_ReapsEach()
    {
        var codes = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            using var process = Spawn.Start("/bin/sh", ["sh", "-c", $"exit {i}"], []);
            return (await process.WaitAsync()).Code;
        }));

        Assert.Equal(Enumerable.Range(0, 40), codes);
    }

    [Fact]
    public async Task Signal_EndsTheProcess_AndTheCodeNamesIt()
    {
        using var process = Spawn.Start("/bin/sh", ["sh", "-c", "read x < /dev/zero; sleep 100"], []);

        Assert.True(process.TrySignal(9));
        Assert.Equal(137, (await process.WaitAsync()).Code);
        Assert.False(process.TrySignal(9));
    }

    [Fact]
    public void Start_OfAMissingProgram_NamesIt()
    {
        var thrown = Assert.Throws<ErrnoException>(() => Spawn.Start("/no/such/program", ["x"], []));

        Assert.Equal(Errno.ENOENT, thrown.Errno);
        Assert.Contains("/no/such/program", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PassesWhatIsInherited_InASessionOfItsOwn()
    {
        var (ours, theirs) = Descriptors.SocketPair();
        using (ours)
        {
            using var process = Spawn.Start(
                "/bin/sh",
                ["sh", "-c", "cut -d' ' -f6 /proc/$$/stat; echo $A; ls /proc/$$/fd"],
                ["PATH=/usr/bin:/bin", "A=b"],
                inherited: [theirs],
                stdout: theirs);
            var inherited = theirs.Fd();
            theirs.Dispose();

            Assert.Equal(0, (await process.WaitAsync()).Code);
            var buffer = new byte[4096];
            var text = new System.Text.StringBuilder();
            for (int got; (got = ByteStreams.Read(ours, buffer)) > 0;)
            {
                text.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, got));
            }

            var lines = text.ToString().Split('\n');
            Assert.Equal([$"{process.Pid}", "b"], lines[..2]);
            Assert.Contains($"{inherited}", lines[2..]);
            Assert.DoesNotContain($"{ours.Fd()}", lines[2..]);
        }
    }

    [Fact]
    public async Task SealedExecutable_Runs_AndCanNotBeWritten()
    {
        using var program = SealedExecutable.Create("/bin/true");
        using var process = Spawn.Start(program.Path, ["true"], []);

        Assert.Equal(0, (await process.WaitAsync()).Code);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(program.Handle, "x"u8, 0));
    }
}
