using Berth.Shared.Archives;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>
/// The second step of unpacking, when the layers below are there: gives directories that the archive only presupposed the attributes they have below,
/// follows links that lie there, fetches hard links' targets, and sets the directories' times.
/// </summary>
/// <remarks>
/// Layers unpack at the same time into directories of their own, where another engine unpacks each onto those below. A member "lib/x.so" whose archive has
/// no "lib" is the case that tells the two apart: below, "lib" may have its own mode, or be a link to "usr/lib".
/// </remarks>
internal sealed class LayerCompletion(SafeFileHandle root, UnpackedLayer layer, LowerLayers below)
{
    private const uint DefaultPermissions = 0x1ED; // 0755

    /// <exception cref="TarFormatException">A hard link's target is nowhere.</exception>
    public void Complete()
    {
        if (!below.IsEmpty)
        {
            foreach (var path in layer.Implied.ToList())
            {
                CompleteImplied(path);
            }
        }

        foreach (var (path, target) in layer.LinksBelow)
        {
            LinkFromBelow(path, target);
        }

        foreach (var (path, (accessed, modified)) in layer.DirectoryTimes)
        {
            using var directory = TreeFiles.OpenDirectoryInRoot(root, path, followLast: false);
            TreeFiles.SetTimes(directory, [], accessed, modified);
        }
    }

    private void CompleteImplied(byte[] path)
    {
        if (!layer.Implied.Contains(path))
        {
            return; // moved, with a directory above it
        }

        using var found = below.Find(path);
        switch (found?.Status.Kind)
        {
            case FileKind.Directory when found.Path.AsSpan().SequenceEqual(path):
                TakeAttributes(path, found);
                break;
            case FileKind.Directory:
                Move(path, found.Path);
                break;
            case FileKind.Symlink:
                using (var target = below.Resolve(path))
                {
                    if (target?.Status.Kind == FileKind.Directory && !LayerPath.IsBelow(target.Path, path))
                    {
                        Move(path, target.Path);
                    }
                }

                break;
        }
    }

    private void TakeAttributes(byte[] path, FoundBelow found)
    {
        using var directory = TreeFiles.OpenDirectoryInRoot(root, path, followLast: false);
        TreeFiles.SetOwner(directory, [], found.Status.Uid, found.Status.Gid);
        TreeFiles.SetPermissions(directory, found.Status.Permissions);
        foreach (var (name, value) in TreeFiles.ReadAttributes(found.Directory, found.Name))
        {
            if (!name.AsSpan().StartsWith("trusted.overlay."u8))
            {
                TreeFiles.SetAttribute(directory, name, value);
            }
        }

        layer.DirectoryTimes[path] = (found.Status.Accessed, found.Status.Modified);
    }

    /// <summary>Brings what was unpacked below one directory to where the layers below say that it belongs.</summary>
    private void Move(byte[] from, byte[] to)
    {
        MakeWithParents(to);
        using (var source = TreeFiles.OpenDirectoryInRoot(root, from, followLast: false))
        using (var destination = TreeFiles.OpenDirectoryInRoot(root, to, followLast: false))
        {
            Merge(source, from, destination, to);
        }

        var (parentPath, name) = LayerPath.Split(from);
        using var parent = TreeFiles.OpenDirectoryInRoot(root, parentPath);
        TreeFiles.RemoveDirectory(parent, name);
        layer.Implied.Remove(from);
        layer.DirectoryTimes.Remove(from);
    }

    private void Merge(SafeFileHandle source, byte[] sourcePath, SafeFileHandle destination, byte[] destinationPath)
    {
        foreach (var (name, _) in TreeFiles.ReadDirectory(source))
        {
            var (from, to) = (LayerPath.Join(sourcePath, name), LayerPath.Join(destinationPath, name));
            var isDirectory = TreeFiles.TryStatus(source, name)?.Kind == FileKind.Directory;
            if (isDirectory && TreeFiles.TryStatus(destination, name)?.Kind == FileKind.Directory)
            {
                using (var innerSource = TreeFiles.OpenSubdirectory(source, name))
                using (var innerDestination = TreeFiles.OpenSubdirectory(destination, name))
                {
                    Merge(innerSource, from, innerDestination, to);
                }

                TreeFiles.RemoveDirectory(source, name);
                layer.Implied.Remove(from);
                layer.DirectoryTimes.Remove(from);
                continue;
            }

            TreeFiles.RemoveTree(destination, name);
            TreeFiles.Rename(source, name, destination, name);
            if (isDirectory)
            {
                Renamed(from, to);
            }
        }
    }

    private void Renamed(byte[] from, byte[] to)
    {
        foreach (var path in layer.DirectoryTimes.Keys.Where(path => path.AsSpan().SequenceEqual(from) || LayerPath.IsBelow(path, from)).ToList())
        {
            layer.DirectoryTimes.Remove(path, out var times);
            layer.DirectoryTimes[[.. to, .. path.AsSpan(from.Length)]] = times;
        }

        foreach (var path in layer.Implied.Where(path => path.AsSpan().SequenceEqual(from) || LayerPath.IsBelow(path, from)).ToList())
        {
            layer.Implied.Remove(path);
            byte[] moved = [.. to, .. path.AsSpan(from.Length)];
            layer.Implied.Add(moved);
            CompleteImplied(moved);
        }
    }

    private void MakeWithParents(byte[] path)
    {
        for (var end = 1; end <= path.Length; end++)
        {
            if (end < path.Length && path[end] != (byte)'/')
            {
                continue;
            }

            var (parentPath, name) = LayerPath.Split(path.AsSpan(0, end));
            using var parent = TreeFiles.OpenDirectoryInRoot(root, parentPath);
            if (!TreeFiles.TryMakeDirectory(parent, name, DefaultPermissions))
            {
                continue;
            }

            using var found = below.Find(path[..end]);
            if (found?.Status.Kind == FileKind.Directory)
            {
                TakeAttributes(path[..end], found);
            }
        }
    }

    /// <summary>A hard link to a file below: as overlayfs would, copy that file up first.</summary>
    private void LinkFromBelow(byte[] path, byte[] target)
    {
        using var found = below.Find(target);
        if (found is null || found.Status.Kind == FileKind.Directory)
        {
            throw new TarFormatException($"the archive's hard link \"{LayerPath.Show(path)}\" leads to \"{LayerPath.Show(target)}\", which is in no layer");
        }

        var (targetParentPath, targetName) = LayerPath.Split(found.Path);
        MakeWithParents(targetParentPath);
        using var targetParent = TreeFiles.OpenDirectoryInRoot(root, targetParentPath);
        if (TreeFiles.TryStatus(targetParent, targetName) is null)
        {
            CopyUp(found, targetParent, targetName);
        }

        var (parentPath, name) = LayerPath.Split(path);
        using var parent = TreeFiles.OpenDirectoryInRoot(root, parentPath);
        if (!TreeFiles.TryLink(targetParent, targetName, parent, name))
        {
            TreeFiles.RemoveTree(parent, name);
            TreeFiles.TryLink(targetParent, targetName, parent, name);
        }
    }

    private void CopyUp(FoundBelow found, SafeFileHandle parent, byte[] name)
    {
        switch (found.Status.Kind)
        {
            case FileKind.Regular:
                using (var from = TreeFiles.OpenFile(found.Directory, found.Name))
                using (var to = TreeFiles.TryCreateFile(parent, name, found.Status.Permissions) ?? throw new ErrnoException(Errno.EEXIST, "openat"))
                {
                    TreeFiles.CopyContent(from, to);
                }

                layer.SizeBytes += found.Status.Size;
                break;
            case FileKind.Symlink:
                TreeFiles.TryMakeSymlink(parent, name, TreeFiles.ReadLink(found.Directory, found.Name));
                break;
            default:
                TreeFiles.TryMakeNode(parent, name, found.Status.Kind, found.Status.Permissions, found.Status.DeviceMajor, found.Status.DeviceMinor);
                break;
        }

        TreeFiles.SetOwner(parent, name, found.Status.Uid, found.Status.Gid);
        if (found.Status.Kind != FileKind.Symlink)
        {
            TreeFiles.SetPermissions(parent, name, found.Status.Permissions);
        }

        foreach (var (attribute, value) in TreeFiles.ReadAttributes(found.Directory, found.Name))
        {
            TreeFiles.SetAttribute(parent, name, attribute, value);
        }

        TreeFiles.SetTimes(parent, name, found.Status.Accessed, found.Status.Modified);
    }
}
