using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Tests.Containers.Health;

public sealed class HealthStateTests
{
    private static readonly DateTimeOffset Started = DateTimeOffset.UnixEpoch;
    private static readonly HealthPlan Plan = new() { Arguments = ["true"], StartPeriod = TimeSpan.FromSeconds(10), Retries = 2 };

    private static HealthResult Result(int exitCode, double second = 60)
        => new(Started.AddSeconds(second), Started.AddSeconds(second + 1), exitCode, $"at {second}");

    private static HealthState After(HealthState state, params HealthResult[] results)
        => results.Aggregate(state, (before, result) => before.After(result, Plan, Started));

    [Fact]
    public void After_Success_IsHealthy()
        => Assert.Equal((HealthStatus.Healthy, 0), Of(After(HealthState.Begin(null), Result(1), Result(0))));

    [Fact]
    public void After_TooFewFailures_StaysAsItWas()
    {
        Assert.Equal((HealthStatus.Starting, 1), Of(After(HealthState.Begin(null), Result(1))));
        Assert.Equal((HealthStatus.Healthy, 1), Of(After(HealthState.Begin(null), Result(0), Result(1))));
    }

    [Fact]
    public void After_EnoughFailures_IsUnhealthyUntilASuccess()
    {
        var state = After(HealthState.Begin(null), Result(0), Result(1), Result(HealthResult.NotRun), Result(7));

        Assert.Equal((HealthStatus.Unhealthy, 3), Of(state));
        Assert.Equal((HealthStatus.Healthy, 0), Of(After(state, Result(0))));
    }

    [Fact]
    public void After_FailuresInTheStartPeriod_DoNotCount()
        => Assert.Equal((HealthStatus.Starting, 0), Of(After(HealthState.Begin(null), Result(1, 1), Result(1, 5), Result(1, 9.9))));

    [Fact]
    public void After_FailuresInTheStartPeriodAfterASuccess_Count()
        => Assert.Equal((HealthStatus.Unhealthy, 2), Of(After(HealthState.Begin(null), Result(0, 1), Result(1, 2), Result(1, 3))));

    [Fact]
    public void After_ManyChecks_KeepsTheLastFive()
        => Assert.Equal(
            ["at 3", "at 4", "at 5", "at 6", "at 7"],
            After(HealthState.Begin(null), [.. Enumerable.Range(1, 7).Select(second => Result(0, second))]).Log.Select(result => result.Output));

    [Fact]
    public void Begin_AfterARun_StartsAnewAndKeepsTheLog()
    {
        var again = HealthState.Begin(After(HealthState.Begin(null), Result(1), Result(1)).Ended());

        Assert.Equal((HealthStatus.Starting, 0), Of(again));
        Assert.Equal(2, again.Log.Count);
    }

    [Fact]
    public void Ended_WhenHealthy_IsUnhealthy() => Assert.Equal(HealthStatus.Unhealthy, After(HealthState.Begin(null), Result(0)).Ended().Status);

    [Theory]
    [InlineData("Starting", 5, 5)]
    [InlineData("Starting", 11, 30)]
    [InlineData("Healthy", 5, 30)]
    public void PauseBeforeNext_InTheStartPeriodUntilHealthy_IsTheStartInterval(string status, int sinceStart, int seconds)
        => Assert.Equal(TimeSpan.FromSeconds(seconds), new HealthState(Enum.Parse<HealthStatus>(status), 0, []).PauseBeforeNext(Plan, TimeSpan.FromSeconds(sinceStart)));

    private static (HealthStatus Status, int Streak) Of(HealthState state) => (state.Status, state.FailingStreak);
}
