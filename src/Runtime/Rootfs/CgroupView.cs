using System.Globalization;
using Berth.Runtime.Plan;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;

namespace Berth.Runtime.Rootfs;

/// <summary>A "cgroup" mount: what a container sees of the hierarchies is its own part of each.</summary>
internal static class CgroupView
{
    /// <param name="ownNamespace">The container has a cgroup namespace: mounted by the child, each hierarchy begins at the container's cgroup. Else those parts are bound.</param>
    public static void Add(MountPlan mount, ICgroup? cgroup, bool ownNamespace, PreparedRootfs prepared, RootTree tree, string place, uint uid, uint gid)
    {
        var host = CgroupHost.Detect();
        var what = $"cgroup on {mount.Destination}";
        if (host.Mode == CgroupMode.V2)
        {
            prepared.Mounts.Add(Part(host.Hierarchies.First(h => h.IsUnified), mount, cgroup, ownNamespace, place, what));
            tree.Attach(place, prepared.Mounts[^1].Tree);
            return;
        }

        using var context = MountApi.OpenFileSystem("tmpfs");
        MountApi.Configure(context, "source", "cgroup");
        MountApi.Configure(context, "mode", "755");
        MountApi.Configure(context, "uid", uid.ToString(CultureInfo.InvariantCulture));
        MountApi.Configure(context, "gid", gid.ToString(CultureInfo.InvariantCulture));
        var directory = MountApi.Mount(context, mount.Set & ~MountAttributes.ReadOnly, mount.Destination);
        prepared.Mounts.Add(new PreparedMount(place, what, directory));
        tree.Attach(place, directory);

        // Named hierarchies are the init system's bookkeeping: shown when the container has a part of its own in them, which it has under systemd.
        foreach (var hierarchy in host.Hierarchies.Where(h => !h.IsUnified && (!h.Controllers[0].StartsWith("name=", StringComparison.Ordinal) || Directory.Exists("/run/systemd/system"))))
        {
            var name = Path.GetFileName(hierarchy.MountPoint);
            FilesAt.MakeDirectory(directory, name, 0x1ED);
            foreach (var controller in hierarchy.Controllers.Where(c => c != name && !c.StartsWith("name=", StringComparison.Ordinal)))
            {
                FilesAt.MakeSymlink(name, directory, controller);
            }

            prepared.Mounts.Add(Part(hierarchy, mount, cgroup, ownNamespace, $"{place}/{name}", $"cgroup on {mount.Destination}/{name}"));
        }

        if (mount.ReadOnly)
        {
            MountApi.SetAttributes(directory, MountAttributes.ReadOnly, 0, MountPropagation.Unchanged, recursive: false, mount.Destination);
        }
    }

    private static PreparedMount Part(CgroupHierarchy hierarchy, MountPlan mount, ICgroup? cgroup, bool ownNamespace, string place, string what)
    {
        if (ownNamespace)
        {
            IReadOnlyList<(string, string?)> data = hierarchy.IsUnified
                ? [("source", "cgroup")]
                : [("source", "cgroup"), .. hierarchy.Controllers.Select(c => c.StartsWith("name=", StringComparison.Ordinal) ? ("name", c["name=".Length..]) : (c, (string?)null))];
            return new PreparedMount(place, what, Tree: null, hierarchy.IsUnified ? "cgroup2" : "cgroup", data, mount.Set);
        }

        var path = cgroup?.Path ?? hierarchy.OwnPath;
        var below = path.StartsWith('/') ? path : $"{hierarchy.OwnPath.TrimEnd('/')}/{path}";
        var part = MountApi.CloneTree(hierarchy.MountPoint.TrimEnd('/') + below, recursive: false);
        MountApi.SetAttributes(part, mount.Set, mount.Clear, MountPropagation.Private, recursive: false, what);
        return new PreparedMount(place, what, part);
    }
}
