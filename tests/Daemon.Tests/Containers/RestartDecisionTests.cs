using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Tests.Containers;

public sealed class RestartDecisionTests
{
    [Theory]
    [InlineData("No", 0, 1, false, 0, false)]
    [InlineData("Always", 0, 0, false, 99, true)]
    [InlineData("Always", 0, 0, true, 0, false)]
    [InlineData("UnlessStopped", 0, 1, false, 0, true)]
    [InlineData("OnFailure", 0, 1, false, 99, true)]
    [InlineData("OnFailure", 0, 0, false, 0, false)]
    [InlineData("OnFailure", 3, 1, false, 2, true)]
    [InlineData("OnFailure", 3, 1, false, 3, false)]
    public void AfterExit_ByPolicy(string kind, int retries, int exitCode, bool stopped, int count, bool restarts)
        => Assert.Equal(restarts, RestartDecision.AfterExit(new RestartPlan(Enum.Parse<RestartKind>(kind), retries), exitCode, stopped, count));

    [Theory]
    [InlineData("Always", true, true)]
    [InlineData("UnlessStopped", true, false)]
    [InlineData("UnlessStopped", false, true)]
    [InlineData("OnFailure", false, false)]
    public void AtDaemonStart_ByPolicy(string kind, bool stopped, bool starts)
        => Assert.Equal(starts, RestartDecision.AtDaemonStart(new RestartPlan(Enum.Parse<RestartKind>(kind)), stopped));

    [Fact]
    public void Pause_OfACrashLoop_DoublesToAMinute()
    {
        var pause = TimeSpan.Zero;
        var seen = new List<double>();
        for (var run = 0; run < 12; run++)
        {
            seen.Add((pause = RestartDecision.Pause(pause, TimeSpan.FromSeconds(1))).TotalSeconds);
        }

        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60], seen);
    }

    [Fact]
    public void Pause_AfterAStableRun_BeginsAnew()
        => Assert.Equal(TimeSpan.FromMilliseconds(100), RestartDecision.Pause(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)));

    [Theory]
    [InlineData(0.4, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(61, "About a minute")]
    [InlineData(180, "3 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(7200, "2 hours")]
    [InlineData(3 * 86400, "3 days")]
    [InlineData(21 * 86400, "3 weeks")]
    [InlineData(100 * 86400, "3 months")]
    [InlineData(800 * 86400, "2 years")]
    public void Duration_InWords_IsDockers(double seconds, string words) => Assert.Equal(words, Duration.InWords(TimeSpan.FromSeconds(seconds)));
}
