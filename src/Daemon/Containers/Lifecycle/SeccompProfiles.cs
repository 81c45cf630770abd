using System.Collections.Concurrent;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Oci;
using Berth.Shared.Seccomp;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>The seccomp rules of a container; the default ones are worked out once per set of capabilities.</summary>
internal sealed class SeccompProfiles
{
    private readonly ConcurrentDictionary<string, OciSeccomp> _defaults = new(StringComparer.Ordinal);

    /// <summary>Null: no filter.</summary>
    public OciSeccomp? For(SecurityPlan security) => security.Seccomp.Kind switch
    {
        SeccompKind.Unconfined => null,
        SeccompKind.Default => _defaults.GetOrAdd(
            string.Join(',', security.Capabilities),
            static (_, capabilities) => DefaultSeccompProfile.For(capabilities.ToHashSet(StringComparer.Ordinal)),
            security.Capabilities),
        _ => SeccompProfile.Parse(security.Seccomp.Profile ?? "").For(security.Capabilities, Environment.OSVersion.Version),
    };
}
