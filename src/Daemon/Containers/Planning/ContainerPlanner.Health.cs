using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    private static readonly string[] DefaultShell = ["/bin/sh", "-c"];

    private HealthPlan? Health()
    {
        if (_config.Healthcheck is not { } check)
        {
            return null;
        }

        // All are looked at whether or not there is anything to run: what is wrong now would be in force with the next image.
        var interval = HealthDuration("Interval", check.Interval);
        var timeout = HealthDuration("Timeout", check.Timeout);
        if (check.Retries < 0)
        {
            throw Bad($"Retries in Healthcheck cannot be negative: it is {check.Retries}; 0 means {HealthPlan.DefaultRetries}");
        }

        var startPeriod = HealthDuration("StartPeriod", check.StartPeriod);
        var startInterval = HealthDuration("StartInterval", check.StartInterval);
        return HealthCommand(check.Test) is not { } arguments
            ? null
            : new HealthPlan
            {
                Arguments = arguments,
                Interval = interval ?? HealthPlan.DefaultInterval,
                Timeout = timeout ?? HealthPlan.DefaultTimeout,
                Retries = check.Retries is > 0 and var retries ? retries : HealthPlan.DefaultRetries,
                StartPeriod = startPeriod ?? TimeSpan.Zero,
                StartInterval = startInterval ?? HealthPlan.DefaultStartInterval,
            };
    }

    /// <returns>Null: the default.</returns>
    private static TimeSpan? HealthDuration(string field, long? nanoseconds) => nanoseconds switch
    {
        null or 0 => null,
        < NanosecondsPerMillisecond => throw Bad($"{field} in Healthcheck cannot be less than 1ms: it is {nanoseconds} nanoseconds"),
        var value => TimeSpan.FromTicks(value.Value / TimeSpan.NanosecondsPerTick),
    };

    private IReadOnlyList<string>? HealthCommand(List<string>? test)
    {
        RefuseNul("Config.Healthcheck.Test", test ?? []);
        return test switch
        {
            null or [] or ["NONE"] => null,
            ["CMD", { Length: > 0 }, ..] => [.. test.Skip(1)],
            ["CMD-SHELL", { Length: > 0 }, ..] => [.. _config.Shell is { Count: > 0 } own ? own : (IEnumerable<string>)DefaultShell, .. test.Skip(1)],
            _ => throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid Config.Healthcheck.Test [\"{string.Join("\", \"", test)}\"]: it is [\"NONE\"], [\"CMD\", program, arguments...] or [\"CMD-SHELL\", command line]"),
        };
    }
}
