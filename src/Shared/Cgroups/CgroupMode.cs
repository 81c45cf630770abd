namespace Berth.Shared.Cgroups;

/// <summary>Which cgroup versions are mounted.</summary>
public enum CgroupMode
{
    /// <summary>Only v1 hierarchies.</summary>
    V1,

    /// <summary>Controllers on v1; a v2 hierarchy beside them without those that matter.</summary>
    Hybrid,

    /// <summary>The one v2 hierarchy.</summary>
    V2,
}
