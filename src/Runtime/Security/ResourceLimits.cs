using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Security;

/// <summary>One limit as the kernel takes it.</summary>
internal readonly record struct PlannedLimit(int Resource, string Name, ulong Soft, ulong Hard);

/// <summary>process.rlimits: names to numbers, and down to what this process may give.</summary>
internal static class ResourceLimits
{
    private static readonly string[] Names =
    [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS",
        "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ];

    public static IReadOnlyList<PlannedLimit> Plan(OciRlimit[]? limits, bool mayRaise, List<string> warnings)
    {
        var planned = new List<PlannedLimit>(limits?.Length ?? 0);
        foreach (var (type, soft, hard) in limits ?? [])
        {
            var resource = Array.IndexOf(Names, type);
            if (resource < 0)
            {
                throw PlanErrors.Invalid("process.rlimits", $"\"{type}\" is no limit that Linux has");
            }

            if (planned.Any(p => p.Resource == resource))
            {
                throw PlanErrors.Invalid("process.rlimits", $"\"{type}\" is given twice");
            }

            if (soft > hard)
            {
                throw PlanErrors.Invalid("process.rlimits", $"{type}: the soft limit {soft} is above the hard limit {hard}");
            }

            var most = mayRaise ? ulong.MaxValue : Privileges.Limit(resource).Hard;
            if (hard > most)
            {
                warnings.Add($"{type}: {Show(hard)} is above what the engine itself is limited to; {Show(most)} is used");
            }

            planned.Add(new PlannedLimit(resource, type, Math.Min(soft, most), Math.Min(hard, most)));
        }

        return planned;
    }

    private static string Show(ulong value) => value == ulong.MaxValue ? "unlimited" : value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
