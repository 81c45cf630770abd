using System.Text;
using Berth.Daemon.Containers.Top;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers.Top;

public sealed class TopTests
{
    private static readonly DateTimeOffset Boot = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, "UID PID PPID C STIME TTY TIME CMD")]
    [InlineData("-ef", "UID PID PPID C STIME TTY TIME CMD")]
    [InlineData("aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND")]
    [InlineData("-aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND")]
    [InlineData("-o pid,comm", "PID COMMAND")]
    [InlineData("-eo pid,args=Line", "PID Line")]
    [InlineData("--format=pid,etime", "PID ELAPSED")]
    [InlineData("-A", "PID TTY TIME CMD")]
    public void Arguments_Known_ChooseColumns(string? arguments, string titles)
        => Assert.Equal(titles, string.Join(' ', PsArguments.Parse(arguments).Select(column => column.Title)));

    [Theory]
    [InlineData("-o nothing")]
    [InlineData("-o")]
    [InlineData("-Z")]
    [InlineData("--sort=pid;reboot")]
    public void Arguments_Unknown_AreInvalid(string arguments)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => PsArguments.Parse(arguments)).Kind);

    [Fact]
    public void Facts_NameWithParentheses_AreParsed()
    {
        var process = Parse("a) b (c", "/bin/x\0-y\0");

        Assert.Equal(("a) b (c", 7, 5, 'S'), (process.Name, process.Pid, process.ParentPid, process.State));
        Assert.Equal("/bin/x -y", process.CommandLine);
        Assert.Equal(TimeSpan.FromSeconds(3.5), process.CpuTime);
        Assert.Equal(Boot.AddSeconds(100), process.StartedAt);
        Assert.Equal(1000u, process.Uid);
    }

    [Fact]
    public void Columns_OfAProcess_AreWrittenAsPsDoes()
    {
        var host = new PsHost(Boot.AddSeconds(100 + 3_600), 1 << 30);
        var process = Parse("sh", "");

        var row = PsArguments.Parse("-o tty,time,etime,stat,cmd,pcpu,stime").Select(column => column.Value(process, host));

        Assert.Equal(["pts/3", "00:00:03", "01:00:00", "Ss+", "[sh]", "0.1", "00:01"], row);
    }

    private static ProcessFacts Parse(string name, string commandLine)
        => ProcessFacts.Parse(
            7, $"7 ({name}) S 5 7 7 34819 7 4194560 100 0 0 0 150 200 0 0 20 0 1 0 10000 4096000 256 18446744073709551615\n",
            ["Name:\tsh", "Uid:\t0\t1000\t0\t0", "Gid:\t0\t1000\t0\t0", "VmLck:\t       0 kB"], Encoding.UTF8.GetBytes(commandLine), Boot);
}
