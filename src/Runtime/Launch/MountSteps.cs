using Berth.Runtime.Plan;
using Berth.Runtime.Rootfs;
using Berth.Shared.Linux;

namespace Berth.Runtime.Launch;

/// <summary>The child's part of the file system: it attaches what was prepared, and makes what only shows right from inside its namespaces.</summary>
internal static class MountSteps
{
    private const ulong InRoot = OpenFlags.ResolveInRoot | OpenFlags.ResolveNoMagicLinks;

    /// <summary>From the copy of the host's mounts to a complete root at <see cref="PreparedRootfs.Root"/>, still beside the host's.</summary>
    public static StepRef AddAttach(StepList steps, ContainerPlan plan, PreparedRootfs rootfs, PreparedStdio stdio)
    {
        const int recursive = 16384;

        // Our copies of the host's mounts: what the host mounts may come, what we do must not go out.
        steps.Call("make mounts private", null, SyscallNumber.Mount, 0, steps.TextArgument("/"), 0, (ulong)MountPropagation.Slave | recursive, 0);
        var oldRoot = steps.Call("open the old root", null, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument("/"), OpenFlags.PathOnly | OpenFlags.Directory | OpenFlags.CloseOnExec);
        steps.Attach("the root filesystem", rootfs.Root, oldRoot);

        var proc = AddSysctls(steps, plan, rootfs);
        foreach (var mount in rootfs.Mounts)
        {
            StepArgument tree;
            if (mount.Tree is not null)
            {
                tree = mount.Tree;
            }
            else if (proc is { } made && mount is { Type: "proc", Place: "proc" })
            {
                tree = made;
            }
            else
            {
                tree = steps.MakeFileSystem(mount.What, mount.Type!, mount.Data ?? [], mount.Attributes);
            }

            // The places are canonical: a link here has been put by somebody else meanwhile, on a volume that is shared.
            var place = steps.OpenBeneath("open the mount point of", mount.What, rootfs.Root, mount.Place, OpenFlags.PathOnly, InRoot | OpenFlags.ResolveNoSymlinks);
            steps.Attach(mount.What, tree, place);
            steps.Call("close", null, SyscallNumber.Close, place);
        }

        if (rootfs is { HasConsole: true, Terminals: not null } && stdio.TerminalMaster is not null)
        {
            AddConsole(steps, rootfs, stdio.TerminalNumber);
        }

        foreach (var path in plan.Linux.ReadonlyPaths ?? [])
        {
            AddReadOnly(steps, rootfs, path);
        }

        if (rootfs.Mask is not null)
        {
            AddMasks(steps, rootfs, plan.Linux.MaskedPaths!);
        }

        return oldRoot;
    }

    /// <summary>Leaves the host's mounts behind.</summary>
    public static void AddPivot(StepList steps, ContainerPlan plan, PreparedRootfs rootfs, StepRef oldRoot, bool noPivot)
    {
        const string words = "change the root";
        const int move = 8192, detach = 2;
        steps.Call(words, null, SyscallNumber.Fchdir, rootfs.Root);
        if (noPivot)
        {
            steps.Call(words, null, SyscallNumber.Mount, steps.TextArgument("."), steps.TextArgument("/"), 0, move, 0);
            steps.Call(words, null, SyscallNumber.Chroot, steps.TextArgument("."));
        }
        else
        {
            steps.Call(words, null, SyscallNumber.PivotRoot, steps.TextArgument("."), steps.TextArgument("."));
            steps.Call(words, null, SyscallNumber.Fchdir, oldRoot);
            steps.Call(words, null, SyscallNumber.Umount2, steps.TextArgument("."), detach);
        }

        steps.Call(words, null, SyscallNumber.Chdir, steps.TextArgument("/"));
        if (plan.RootPropagation != MountPropagation.Unchanged)
        {
            const int recursive = 16384;
            var flags = (ulong)plan.RootPropagation | (plan.RootPropagationBelow ? recursive : 0UL);
            steps.Call("set the propagation of the root", null, SyscallNumber.Mount, 0, steps.TextArgument("/"), 0, flags, 0);
        }
    }

    /// <summary>Sysctls go into a procfs that nothing can be mounted over, and nobody else has seen; it may be the one that becomes /proc.</summary>
    private static StepRef? AddSysctls(StepList steps, ContainerPlan plan, PreparedRootfs rootfs)
    {
        if (plan.Sysctls.Count == 0)
        {
            return null;
        }

        var mount = rootfs.Mounts.FirstOrDefault(m => m is { Type: "proc", Place: "proc", Tree: null });
        var reusable = mount is not null && !mount.Attributes.HasFlag(MountAttributes.ReadOnly);
        var proc = steps.MakeFileSystem("proc", "proc", reusable ? mount!.Data ?? [] : [], reusable ? mount!.Attributes : MountAttributes.None);
        foreach (var (path, value) in plan.Sysctls)
        {
            var file = steps.OpenBeneath("set the sysctl", path, proc, $"sys/{path}", OpenFlags.WriteOnly, OpenFlags.ResolveBeneath | OpenFlags.ResolveNoSymlinks);
            steps.WriteText("set the sysctl", $"{path} to \"{value}\"", file, value);
            steps.Call("close", null, SyscallNumber.Close, file);
        }

        return reusable ? proc : null;
    }

    private static void AddConsole(StepList steps, PreparedRootfs rootfs, int number)
    {
        const string words = "the terminal on /dev/console";
        var from = steps.OpenBeneath("open", words, rootfs.Root, $"dev/pts/{number}", OpenFlags.PathOnly, InRoot | OpenFlags.ResolveNoSymlinks);
        var copy = CloneAt(steps, words, from, recursive: false);
        var place = steps.OpenBeneath("open", words, rootfs.Root, "dev/console", OpenFlags.PathOnly, InRoot | OpenFlags.ResolveNoSymlinks);
        steps.Attach(words, copy, place);
    }

    private static void AddReadOnly(StepList steps, PreparedRootfs rootfs, string path)
    {
        var skip = steps.NewLabel();
        var place = steps.OpenBeneath("make read-only", path, rootfs.Root, path.TrimStart('/'), OpenFlags.PathOnly, InRoot).Tolerating(skip, Errno.ENOENT, Errno.ENOTDIR);
        var copy = CloneAt(steps, path, place, recursive: true);
        steps.Call(
            "make read-only", path, SyscallNumber.MountSetattr, copy, steps.TextArgument(""), OpenFlags.AtEmptyPath | OpenFlags.AtRecursive,
            steps.Struct(new MountApi.Attributes { Set = (ulong)MountAttributes.ReadOnly }), 32);
        steps.Attach($"{path} read-only", copy, place);
        steps.Mark(skip);
    }

    private static void AddMasks(StepList steps, PreparedRootfs rootfs, IReadOnlyList<string> paths)
    {
        // Older kernels copy only mounts that are attached somewhere: for as long as it takes, over a directory of the old root that nobody needs.
        const string parking = "/sys";
        const int detach = 2;
        var at = steps.Call("open", parking, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument(parking), OpenFlags.PathOnly | OpenFlags.Directory | OpenFlags.CloseOnExec);
        steps.Attach("the mask", rootfs.Mask!, at);
        foreach (var path in paths)
        {
            var next = steps.NewLabel();
            var directory = steps.NewLabel();
            var place = steps.OpenBeneath("mask", path, rootfs.Root, path.TrimStart('/'), OpenFlags.PathOnly, InRoot).Tolerating(next, Errno.ENOENT, Errno.ENOTDIR);
            var nothing = steps.Call(
                "mask", path, SyscallNumber.OpenTree, OpenFlags.CurrentDirectory, steps.TextArgument("/dev/null"), MountApi.OpenTreeClone | OpenFlags.CloseOnExec);

            // A file can't be mounted on a directory: that is how it turns out to be one.
            steps.Attach(path, nothing, place).Tolerating(directory, Errno.EINVAL, Errno.ENOTDIR).Then(next);
            steps.Mark(directory);
            steps.Attach(path, CloneAt(steps, path, rootfs.Mask!, recursive: false), place);
            steps.Mark(next);
        }

        steps.Call("unmount", parking, SyscallNumber.Umount2, steps.TextArgument(parking), detach);
    }

    private static StepRef CloneAt(StepList steps, string what, StepArgument mount, bool recursive)
    {
        var flags = MountApi.OpenTreeClone | OpenFlags.CloseOnExec | OpenFlags.AtEmptyPath | (recursive ? OpenFlags.AtRecursive : 0);
        return steps.Call("copy the mount of", what, SyscallNumber.OpenTree, mount, steps.TextArgument(""), flags);
    }
}
