using Berth.Runtime.Launch;
using Berth.Runtime.Plan;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>Does for a container's file system all that can be done before its first process exists.</summary>
internal sealed class RootfsPreparation
{
    private readonly ContainerPlan _plan;
    private readonly LaunchRequest _request;
    private readonly ICgroup? _cgroup;
    private readonly OciIdMapping[]? _uids;
    private readonly OciIdMapping[]? _gids;
    private readonly uint _rootUid;
    private readonly uint _rootGid;

    private RootfsPreparation(ContainerPlan plan, LaunchRequest request, ICgroup? cgroup)
    {
        (_plan, _request, _cgroup) = (plan, request, cgroup);
        if (plan.Namespaces.New.HasFlag(NamespaceKinds.User))
        {
            (_uids, _gids) = (plan.Linux.UidMappings, plan.Linux.GidMappings);
        }

        _rootUid = IdMap.ToHost(_uids, 0)!.Value;
        _rootGid = IdMap.ToHost(_gids, 0)!.Value;
    }

    /// <exception cref="LaunchException">The step says which mount or device.</exception>
    public static PreparedRootfs Prepare(ContainerPlan plan, LaunchRequest request, ICgroup? cgroup) => new RootfsPreparation(plan, request, cgroup).Prepare();

    private PreparedRootfs Prepare()
    {
        var prepared = new PreparedRootfs(Doing("mount the root filesystem", OpenRoot));
        try
        {
            var tree = new RootTree(prepared.Root, _rootUid, _rootGid);
            foreach (var mount in _plan.Mounts)
            {
                Doing($"mount {mount.Type} on {mount.Destination}", () => Add(mount, prepared, tree));
            }

            if (!_plan.Mounts.Any(m => m.Kind == MountKind.Bind && m.Destination.TrimEnd('/') == "/dev"))
            {
                new DeviceNodes(tree, prepared, _uids, _gids).Make(_plan.Linux.Devices ?? []);
                if (_plan.Process.Terminal)
                {
                    Doing("make /dev/console", () => tree.Ensure("/dev/console", directory: false).Found?.Dispose());
                    prepared.HasConsole = true;
                }
            }

            Doing($"make the working directory {_plan.Process.Cwd}", () => MakeWorkingDirectory(tree));
            if (_plan.Spec.Root?.Readonly == true)
            {
                Doing("make the root filesystem read-only", () =>
                    MountApi.SetAttributes(prepared.Root, MountAttributes.ReadOnly, 0, MountPropagation.Unchanged, recursive: false, "/"));
            }

            if (_plan.Linux.MaskedPaths is { Length: > 0 })
            {
                prepared.Mask = Doing("prepare a mask", () => MakeFileSystem("tmpfs", null, [("size", "4k"), ("nr_inodes", "1"), ("mode", "755")], MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoDevices | MountAttributes.NoExec));
            }

            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    private SafeFileHandle OpenRoot()
    {
        if (_request.Rootfs is { } overlay)
        {
            return OverlayMount.Create(overlay, _uids, _gids);
        }

        var path = Path.Combine(_request.BundlePath, _plan.Spec.Root?.Path ?? throw PlanErrors.Invalid("root", "missing"));
        var root = MountApi.CloneTree(path, recursive: true);
        if (!FilesAt.Stat(root).IsDirectory)
        {
            root.Dispose();
            throw new ErrnoException(Errno.ENOTDIR, "open", path);
        }

        MountApi.SetAttributes(root, 0, 0, MountPropagation.Slave, recursive: true, path);
        return root;
    }

    private void Add(MountPlan mount, PreparedRootfs prepared, RootTree tree)
    {
        switch (mount.Kind)
        {
            case MountKind.Bind:
                AddBind(mount, prepared, tree);
                break;
            case MountKind.NamespaceView:
                var place = EnsureDirectory(tree, mount.Destination);
                prepared.Mounts.Add(new PreparedMount(place, What(mount), Tree: null, mount.Type, [("source", mount.Source is { Length: > 0 } source ? source : mount.Type), .. mount.Data], mount.Set));
                tree.Attach(place, null);
                break;
            case MountKind.Cgroup:
                CgroupView.Add(mount, _cgroup, _plan.Namespaces.HasOwn(NamespaceKinds.Cgroup), prepared, tree, EnsureDirectory(tree, mount.Destination), _rootUid, _rootGid);
                break;
            case MountKind.FileSystem:
                AddFileSystem(mount, prepared, tree);
                break;
        }
    }

    private void AddBind(MountPlan mount, PreparedRootfs prepared, RootTree tree)
    {
        var source = Path.Combine(_request.BundlePath, mount.Source!);
        var bound = OpenSource(source, mount.Recursive);
        try
        {
            // What the host mounts below later shall appear, and nothing that the container does shall reach the host, unless it is asked for.
            // Asked to share, the copy stays what it is: a peer of the host's mount.
            var propagation = mount.Propagation == MountPropagation.Unchanged ? MountPropagation.Slave : mount.Propagation;
            MountApi.SetAttributes(bound, 0, 0, propagation, mount.Propagation == MountPropagation.Unchanged || mount.PropagationBelow, source);
            if (mount.UidMappings is { Length: > 0 } uids)
            {
                using var userNamespace = UserNamespace.Create(uids, mount.GidMappings!);
                MountApi.SetAttributes(bound, MountAttributes.IdMap, 0, MountPropagation.Unchanged, mount.IdMapBelow, $"id-mapping of {source}", userNamespace);
            }

            if ((mount.SetBelow | mount.ClearBelow) != 0)
            {
                MountApi.SetAttributes(bound, mount.SetBelow, mount.ClearBelow, MountPropagation.Unchanged, recursive: true, source);
            }

            if ((mount.Set | mount.Clear) != 0)
            {
                MountApi.SetAttributes(bound, mount.Set, mount.Clear, MountPropagation.Unchanged, recursive: false, source);
            }

            var (place, found) = tree.Ensure(mount.Destination, FilesAt.Stat(bound).IsDirectory);
            found?.Dispose();
            prepared.Mounts.Add(new PreparedMount(place, What(mount), bound));
            tree.Attach(place, bound);
        }
        catch
        {
            bound.Dispose();
            throw;
        }
    }

    // A copy of what is there; but of another container's mount the daemon hands us a copy that nobody has attached yet. Such a one can be
    // attached and not copied, and is told from a mount that is not to be copied at all by its absence among the host's.
    private static SafeFileHandle OpenSource(string source, bool recursive)
    {
        try
        {
            return MountApi.CloneTree(source, recursive);
        }
        catch (ErrnoException refused) when (refused.Errno == Errno.EINVAL && source.StartsWith("/proc/", StringComparison.Ordinal))
        {
            var given = MountApi.OpenTree(source);
            if (!IsAttachedHere(given))
            {
                return given;
            }

            given.Dispose();
            throw;
        }
    }

    private static bool IsAttachedHere(SafeFileHandle mount)
    {
        var id = File.ReadLines($"/proc/self/fdinfo/{mount.Fd()}").First(static line => line.StartsWith("mnt_id:", StringComparison.Ordinal))["mnt_id:".Length..].Trim();
        return File.ReadLines("/proc/self/mountinfo").Any(line => line.StartsWith(id + " ", StringComparison.Ordinal));
    }

    private void AddFileSystem(MountPlan mount, PreparedRootfs prepared, RootTree tree)
    {
        var (place, found) = tree.Ensure(mount.Destination, directory: true);
        using (found)
        {
            var made = mount.Layers is { } layers ? MergeLayers(mount, layers) : MakeFileSystem(mount.Type, mount.Source, mount.Data, mount.CopyUp ? mount.Set & ~MountAttributes.ReadOnly : mount.Set);
            prepared.Mounts.Add(new PreparedMount(place, What(mount), made));
            if (mount.CopyUp && found is not null)
            {
                TreeCopy.Copy(found, made);
                if (mount.ReadOnly)
                {
                    MountApi.SetAttributes(made, MountAttributes.ReadOnly, 0, MountPropagation.Unchanged, recursive: false, mount.Destination);
                }
            }

            if (mount.Propagation != MountPropagation.Unchanged)
            {
                MountApi.SetAttributes(made, 0, 0, mount.Propagation, mount.PropagationBelow, mount.Destination);
            }

            if (mount.Type == "devpts" && place == "dev/pts")
            {
                prepared.Terminals = made;
            }

            tree.Attach(place, made);
        }
    }

    /// <summary>Read-only layers over one another, as many as there are: more than an option string holds.</summary>
    private SafeFileHandle MergeLayers(MountPlan mount, string[] layers)
    {
        var made = OverlayMount.Create(new OverlayRootfs { LowerDirectories = layers }, _uids, _gids);
        try
        {
            MountApi.SetAttributes(made, mount.Set, 0, MountPropagation.Unchanged, recursive: false, mount.Destination);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>A fresh file system, seen from outside of the container's user namespace: its owners are the host's numbers.</summary>
    private SafeFileHandle MakeFileSystem(string type, string? source, IReadOnlyList<(string Key, string? Value)> data, MountAttributes attributes)
    {
        using var context = MountApi.OpenFileSystem(type);
        MountApi.Configure(context, "source", string.IsNullOrEmpty(source) ? type : source);
        var owned = type is "tmpfs" or "devpts";
        foreach (var (key, value) in data)
        {
            var mappings = key == "uid" ? _uids : key == "gid" ? _gids : null;
            MountApi.Configure(context, key, owned && mappings is not null && uint.TryParse(value, out var id) ? HostId(mappings, id) : value);
        }

        if (type == "tmpfs" && _uids is not null)
        {
            foreach (var (key, id) in new[] { ("uid", _rootUid), ("gid", _rootGid) })
            {
                if (data.All(d => d.Key != key))
                {
                    MountApi.Configure(context, key, id.ToString(System.Globalization.CultureInfo.InvariantCulture));
                }
            }
        }

        return MountApi.Mount(context, attributes, type);
    }

    private static string HostId(OciIdMapping[] mappings, uint id)
        => IdMap.ToHost(mappings, id)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? throw PlanErrors.Invalid("mounts", $"the owner {id} is not mapped");

    /// <summary>Docker makes a missing one, and so do users expect. Where it can't be made, the child's chdir tells.</summary>
    private void MakeWorkingDirectory(RootTree tree)
    {
        try
        {
            tree.Ensure(_plan.Process.Cwd, directory: true).Found?.Dispose();
        }
        catch (ErrnoException e) when (e.Errno is Errno.EROFS or Errno.EACCES or Errno.EPERM or Errno.ENOTDIR or Errno.ELOOP)
        {
        }
    }

    private static string EnsureDirectory(RootTree tree, string path)
    {
        var (place, found) = tree.Ensure(path, directory: true);
        found?.Dispose();
        return place;
    }

    private static string What(MountPlan mount) => mount.Kind == MountKind.Bind ? $"{mount.Source} on {mount.Destination}" : $"{mount.Type} on {mount.Destination}";

    private static void Doing(string step, Action action) => Doing(step, () =>
    {
        action();
        return true;
    });

    private static T Doing<T>(string step, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ErrnoException e)
        {
            throw new LaunchException(step, e.Errno, $"{step}: {e.Message}", inner: e);
        }
    }
}
