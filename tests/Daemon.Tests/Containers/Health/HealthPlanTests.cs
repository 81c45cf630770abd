using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers.Health;

public sealed class HealthPlanTests
{
    private const long Second = 1_000_000_000;

    private static HealthPlan? Plan(HealthConfig check, List<string>? shell = null)
        => Make.Plan(config: config => (config.Healthcheck, config.Shell) = (check, shell)).Plan.Health;

    [Fact]
    public void Plan_WithTheTestAlone_HasDockersDefaults()
    {
        var plan = Plan(new HealthConfig { Test = ["CMD", "check", "-x"] })!;

        Assert.Equal(["check", "-x"], plan.Arguments);
        Assert.Equal(
            (30, 30, 0, 5, 3),
            (plan.Interval.TotalSeconds, plan.Timeout.TotalSeconds, plan.StartPeriod.TotalSeconds, plan.StartInterval.TotalSeconds, plan.Retries));
    }

    [Fact]
    public void Plan_WithCommandLine_RunsItInTheShell()
    {
        Assert.Equal(["/bin/sh", "-c", "a && b"], Plan(new HealthConfig { Test = ["CMD-SHELL", "a && b"] })!.Arguments);
        Assert.Equal(["/bin/ash", "-ec", "a"], Plan(new HealthConfig { Test = ["CMD-SHELL", "a"] }, ["/bin/ash", "-ec"])!.Arguments);
    }

    [Fact]
    public void Plan_WithoutATest_ChecksNothing()
    {
        Assert.Null(Plan(new HealthConfig { Test = ["NONE"] }));
        Assert.Null(Plan(new HealthConfig { Test = [] }));
        Assert.Null(Plan(new HealthConfig { Interval = Second }));
    }

    [Fact]
    public void Plan_WithTimes_HasThem()
    {
        var plan = Plan(new HealthConfig { Test = ["CMD", "x"], Interval = Second / 1000, Timeout = 2 * Second, StartPeriod = 3 * Second, StartInterval = 4 * Second, Retries = 9 })!;

        Assert.Equal(
            (0.001, 2, 3, 4, 9),
            (plan.Interval.TotalSeconds, plan.Timeout.TotalSeconds, plan.StartPeriod.TotalSeconds, plan.StartInterval.TotalSeconds, plan.Retries));
    }

    public static TheoryData<string, HealthConfig> Refused => new()
    {
        { "Interval in Healthcheck cannot be less than 1ms", new() { Interval = 999_999 } },
        { "Interval in Healthcheck cannot be less than 1ms", new() { Interval = -Second } },
        { "Timeout in Healthcheck cannot be less than 1ms", new() { Timeout = 1 } },
        { "StartPeriod in Healthcheck cannot be less than 1ms", new() { StartPeriod = -1 } },
        { "StartInterval in Healthcheck cannot be less than 1ms", new() { StartInterval = 5 } },
        { "Retries in Healthcheck cannot be negative", new() { Retries = -1 } },
        { "Config.Healthcheck.Test [\"curl\"", new() { Test = ["curl", "x"] } },
        { "Config.Healthcheck.Test [\"CMD\"]", new() { Test = ["CMD"] } },
        { "Config.Healthcheck.Test [\"CMD-SHELL\"]", new() { Test = ["CMD-SHELL"] } },
        { "Config.Healthcheck.Test", new() { Test = ["CMD", "a\0b"] } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Plan_WithWhatCannotBe_IsRefused(string words, HealthConfig check)
    {
        var refused = Assert.Throws<EngineException>(() => Plan(check));

        Assert.Equal(ErrorKind.InvalidArgument, refused.Kind);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }
}
