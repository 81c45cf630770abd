namespace Berth.Shared.Cgroups.V1;

/// <summary>A cgroup's directory in one hierarchy.</summary>
/// <param name="Controllers">The controllers of that hierarchy.</param>
internal sealed record V1Directory(string MountPoint, string Path, IReadOnlyList<string> Controllers);
