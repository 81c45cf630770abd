using Berth.Runtime.Plan;

namespace Berth.Runtime.Security;

/// <summary>AppArmor profiles for the next execve.</summary>
internal static class AppArmor
{
    private const string Stacked = "/proc/self/attr/apparmor/exec";

    /// <summary>Since Linux 5.8 each security module has attributes of its own; before, there was one set for whichever is the first.</summary>
    public static string ExecAttribute => File.Exists(Stacked) ? Stacked : "/proc/self/attr/exec";

    /// <summary>The profile to apply; null for none, and for "unconfined" where nothing confines.</summary>
    public static string? Check(string? profile)
    {
        if (string.IsNullOrEmpty(profile))
        {
            return null;
        }

        const string parameter = "/sys/module/apparmor/parameters/enabled";
        if (File.Exists(parameter) && File.ReadAllText(parameter).StartsWith('Y'))
        {
            return profile;
        }

        return profile == "unconfined" ? null : throw PlanErrors.Unsupported($"process.apparmorProfile \"{profile}\"", "AppArmor is not enabled on this host");
    }
}
