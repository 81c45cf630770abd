using System.Text;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Volumes;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>Opens containers' files from outside: a running one's by its first process, another's by mounting what it would see where nobody else does.</summary>
internal sealed class ContainerViews(ContainerPaths paths, ContainersOptions options, ImageService images, SnapshotService snapshots, VolumeService volumes, UserNamespaceService userNamespaces)
{
    private const uint NewMountNamespace = 0x00020000;

    /// <summary>What a running container sees now.</summary>
    /// <exception cref="EngineException">Conflict: it has ended meanwhile; or its files can't be written from outside while it runs.</exception>
    public ContainerView OpenLive(ContainerRecord container, int pid) => !ShowsOtherOwners(container)
        ? new ContainerView(LiveRoot.Open(container, pid), new Dictionary<string, SafeFileHandle>(), held: null)
        : throw new EngineException(ErrorKind.Conflict,
            $"container {container.Id} has a user namespace: files can't be copied into it while it runs; stop it, or send them through exec, such as to \"tar -x\"");

    /// <summary>A running container's files carry the host's ids of its user namespace, and not those that they have on disk and inside.</summary>
    public bool ShowsOtherOwners(ContainerRecord container) => userNamespaces.Find(container.Id) is not null;

    /// <summary>What the container would see, to be read only. Nothing is written anywhere, so it may be started meanwhile.</summary>
    /// <param name="withMounts">Volumes and binds too, and not the image's and the container's own files alone.</param>
    public ContainerView OpenToRead(ContainerRecord container, bool withMounts)
    {
        string[] layers = [paths.Diff(container.Id), .. LowerDirectories(container)];
        return withMounts && container.Mounts.Count > 0
            ? OpenMounted(container, () => RootView.Open(layers), mayMakeTargets: false)
            : new ContainerView(RootView.Open(layers), new Dictionary<string, SafeFileHandle>(), held: null);
    }

    /// <summary>What the container would see, to be changed. The caller holds the container's turn: the writable layer must not be mounted twice.</summary>
    public ContainerView OpenToWrite(ContainerRecord container)
        => OpenMounted(container, () => RootView.OpenWritable(LowerDirectories(container), paths.Diff(container.Id), paths.Work(container.Id), container.Plan.ReadonlyRootfs),
            mayMakeTargets: !container.Plan.ReadonlyRootfs);

    public string[] LowerDirectories(ContainerRecord container) => snapshots.LowerDirectories(images.FindById(container.ImageId)
        ?? throw new EngineException(ErrorKind.Internal, $"image {container.ImageId} of container {container.Id} is gone"));

    /// <summary>
    /// Puts the mounts together in a mount namespace of their own, whose only holder is a descriptor: no other program sees them, and
    /// they go when the view does, or the daemon.
    /// </summary>
    private ContainerView OpenMounted(ContainerRecord container, Func<SafeFileHandle> openRoot, bool mayMakeTargets)
    {
        // Volumes that exist only while they are mounted: by the volumes' own rules, and before this thread's mounts are its own.
        var reader = "view " + Guid.NewGuid().ToString("N");
        var names = container.Mounts.OfType<MountPlan.Volume>().Select(mount => mount.Name).Distinct(StringComparer.Ordinal).ToList();
        try
        {
            names.ForEach(name => volumes.Use(name, reader));
            return AssembleApart(container, openRoot, mayMakeTargets);
        }
        finally
        {
            names.ForEach(name => volumes.Leave(name, reader)); // the view has them by mounts of its own
        }
    }

    private ContainerView AssembleApart(ContainerRecord container, Func<SafeFileHandle> openRoot, bool mayMakeTargets)
    {
        ContainerView? view = null;
        Exception? failure = null;
        // unshare(2) changes the calling thread for good: it ends with this.
        var thread = new Thread(() =>
        {
            try
            {
                view = Assemble(container, openRoot, mayMakeTargets);
            }
            catch (Exception error) // carried to the caller
            {
                failure = error;
            }
        }, maxStackSize: 256 << 10)
        { IsBackground = true, Name = "container-view" };
        thread.Start();
        thread.Join();
        return view ?? throw failure!; // one of the two is set
    }

    private ContainerView Assemble(ContainerRecord container, Func<SafeFileHandle> openRoot, bool mayMakeTargets)
    {
        TreeFiles.ClearUmaskOfThisThread();
        Namespaces.Unshare(NewMountNamespace);
        Mounts.ChangePropagation("/", MountPropagation.Private, below: true);
        var held = FilesAt.Open("/proc/thread-self/ns/mnt", OpenFlags.ReadOnly);
        var apart = new Dictionary<string, SafeFileHandle>(StringComparer.Ordinal);
        SafeFileHandle? root = null;
        try
        {
            root = openRoot();
            var place = Path.Combine(options.ExecRoot, "view");
            DirectoryMaker.Private(place);
            MountAttachment.Attach(root, place);
            foreach (var mount in container.Mounts)
            {
                Place(root, mount, mayMakeTargets, apart);
            }

            return new ContainerView(root, apart, held);
        }
        catch
        {
            root?.Dispose();
            foreach (var tree in apart.Values)
            {
                tree.Dispose();
            }

            held.Dispose();
            throw;
        }
    }

    private void Place(SafeFileHandle root, MountPlan mount, bool mayMakeTargets, Dictionary<string, SafeFileHandle> apart)
    {
        var source = mount switch
        {
            MountPlan.Volume volume => OpenVolume(volume),
            MountPlan.Bind bind => OpenBind(bind),
            MountPlan.Image image => OpenImage(image),
            _ => null, // a tmpfs is empty at rest
        };
        if (source is null)
        {
            return;
        }

        if (mount.ReadOnly)
        {
            MountApi.SetAttributes(source, MountAttributes.ReadOnly, 0, MountPropagation.Unchanged, recursive: true, mount.Target);
        }

        using var target = OpenTarget(root, mount.Target, mayMakeTargets && FilesAt.Stat(source).IsDirectory);
        if (target is null)
        {
            apart[mount.Target] = source;
            return;
        }

        using (source)
        {
            MountAttachment.Attach(source, target);
        }
    }

    private SafeFileHandle? OpenVolume(MountPlan.Volume volume)
    {
        using var whole = FilesAt.Open(volumes.DirectoryOf(volume.Name), OpenFlags.PathOnly | OpenFlags.Directory);
        if (volume.Subpath is null)
        {
            return MountApi.CloneTree(DescriptorPath(whole), recursive: false);
        }

        // What is in a volume is the containers' doing: no link in it may lead out.
        var part = FilesAt.TryOpenBeneath(whole.Fd(), volume.Subpath, OpenFlags.PathOnly, OpenFlags.ResolveBeneath | OpenFlags.ResolveNoMagicLinks);
        if (part < 0)
        {
            return null;
        }

        using var inner = new SafeFileHandle(part, ownsHandle: true);
        return MountApi.CloneTree(DescriptorPath(inner), recursive: false);
    }

    // A source that is gone makes no container unreadable; starting it is what refuses.
    private static SafeFileHandle? OpenBind(MountPlan.Bind bind) => Path.Exists(bind.Source) ? MountApi.CloneTree(bind.Source, bind.Recursive) : null;

    private SafeFileHandle? OpenImage(MountPlan.Image mount)
    {
        if (images.FindById(mount.ImageId) is not { } image)
        {
            return null;
        }

        var layers = ImageLayers.Of(snapshots.LowerDirectories(image), mount);
        return layers.Length == 1 ? MountApi.CloneTree(layers[0], recursive: false) : RootView.Open(layers);
    }

    private static SafeFileHandle? OpenTarget(SafeFileHandle root, string target, bool mayMake)
    {
        for (var attempt = 0; ; attempt++)
        {
            var fd = FilesAt.TryOpenBeneath(root.Fd(), target, OpenFlags.PathOnly, OpenFlags.ResolveInRoot | OpenFlags.ResolveNoMagicLinks);
            if (fd >= 0)
            {
                return new SafeFileHandle(fd, ownsHandle: true);
            }

            if (!mayMake || attempt > 0 || Syscall.LastErrno != Errno.ENOENT)
            {
                return null;
            }

            MakeTarget(root, target);
        }
    }

    // Only plain directories, as far as they are missing: a link that leads nowhere stays one, and the mount is left apart.
    private static void MakeTarget(SafeFileHandle root, string target)
    {
        const uint permissions = 0x1ED; // 0755
        var path = Array.Empty<byte>();
        foreach (var component in target.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = TreeFiles.TryOpenDirectoryInRoot(root, path, out _);
            if (parent is null)
            {
                return;
            }

            var name = Encoding.UTF8.GetBytes(component);
            TreeFiles.TryMakeDirectory(parent, name, permissions);
            path = LayerPath.Join(path, name);
        }
    }

    private static string DescriptorPath(SafeFileHandle handle) => $"/proc/thread-self/fd/{handle.Fd()}";
}
