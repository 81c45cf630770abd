using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Docker's rules for restarting: whether, and after what pause.</summary>
internal static class RestartDecision
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);

    /// <summary>After an exit.</summary>
    public static bool AfterExit(RestartPlan policy, int exitCode, bool stoppedByUser, int restartCount) => !stoppedByUser && policy.Kind switch
    {
        RestartKind.Always or RestartKind.UnlessStopped => true,
        RestartKind.OnFailure => exitCode != 0 && (policy.MaximumRetries == 0 || restartCount < policy.MaximumRetries),
        _ => false,
    };

    /// <summary>When the daemon starts and finds the container at rest: "always" means always, whoever stopped it.</summary>
    public static bool AtDaemonStart(RestartPlan policy, bool stoppedByUser)
        => policy.Kind == RestartKind.Always || (policy.Kind == RestartKind.UnlessStopped && !stoppedByUser);

    /// <summary>Doubles from run to run; a run that lasted ten seconds begins anew.</summary>
    /// <param name="last">The pause before the run that has ended; zero for none.</param>
    public static TimeSpan Pause(TimeSpan last, TimeSpan ranFor)
    {
        if (last == TimeSpan.Zero || ranFor >= Stable)
        {
            return FirstPause;
        }

        return last * 2 > LongestPause ? LongestPause : last * 2;
    }
}
