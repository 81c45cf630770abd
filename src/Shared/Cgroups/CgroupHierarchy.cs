namespace Berth.Shared.Cgroups;

/// <summary>One mounted cgroup hierarchy.</summary>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Controllers">v1: the mount's controllers, co-mounted ones together, or "name=x"; v2: what cgroup.controllers lists at the mount point.</param>
/// <param name="OwnPath">This process's own cgroup, relative to the mount point, "/" for its root.</param>
/// <param name="IsUnified">It is the v2 hierarchy.</param>
public sealed record CgroupHierarchy(string MountPoint, IReadOnlyList<string> Controllers, string OwnPath, bool IsUnified);
