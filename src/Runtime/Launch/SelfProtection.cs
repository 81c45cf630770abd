using Berth.Shared.Linux;

namespace Berth.Runtime.Launch;

/// <summary>Keeps processes of containers out of the launcher and of its copies.</summary>
internal static class SelfProtection
{
    /// <summary>PR_SET_DUMPABLE 0: no tracing, no /proc/PID/mem, no core with what is in memory; a clone child is as its parent.</summary>
    public static void Apply() => ProcessSettings.ForbidDumps();
}
