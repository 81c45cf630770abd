using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Volumes;

/// <summary>Copies a tree of files with owners, modes, times, extended attributes, links and devices, by descriptors alone.</summary>
internal sealed class TreeCopy
{
    private readonly Dictionary<(ulong FileSystem, ulong Inode), (SafeFileHandle Directory, byte[] Name)> _links = [];

    /// <summary>Makes <paramref name="target"/>'s content and own attributes those of <paramref name="source"/>; both are open directories.</summary>
    public static void Copy(SafeFileHandle source, SafeFileHandle target)
    {
        var copy = new TreeCopy();
        try
        {
            copy.CopyContent(source, target);
            CopyAttributes(source, "."u8, target, "."u8);
        }
        finally
        {
            foreach (var (directory, _) in copy._links.Values)
            {
                directory.Dispose();
            }
        }
    }

    private void CopyContent(SafeFileHandle source, SafeFileHandle target)
    {
        foreach (var entry in TreeFiles.ReadDirectory(source))
        {
            if (TreeFiles.TryStatus(source, entry.Name) is { } status)
            {
                CopyEntry(source, target, entry.Name, status);
            }
        }
    }

    private void CopyEntry(SafeFileHandle source, SafeFileHandle target, byte[] name, FileStatus status)
    {
        if (status.Kind != FileKind.Directory && status.Links > 1)
        {
            var key = (status.FileSystem, status.Inode);
            if (_links.TryGetValue(key, out var first))
            {
                TreeFiles.TryLink(first.Directory, first.Name, target, name);
                return;
            }

            _links.Add(key, (TreeFiles.Duplicate(target), name));
        }

        switch (status.Kind)
        {
            case FileKind.Directory:
                TreeFiles.TryMakeDirectory(target, name, 0x1C0);
                using (var inner = TreeFiles.OpenSubdirectory(source, name))
                using (var made = TreeFiles.OpenSubdirectory(target, name))
                {
                    CopyContent(inner, made);
                }

                break;
            case FileKind.Regular:
                using (var from = TreeFiles.OpenFile(source, name))
                using (var to = TreeFiles.TryCreateFile(target, name, 0x180) ?? throw new IOException("a file appeared in a volume that was being filled"))
                {
                    TreeFiles.CopyContent(from, to);
                }

                break;
            case FileKind.Symlink:
                TreeFiles.TryMakeSymlink(target, name, TreeFiles.ReadLink(source, name));
                break;
            default:
                TreeFiles.TryMakeNode(target, name, status.Kind, status.Permissions, status.DeviceMajor, status.DeviceMinor);
                break;
        }

        CopyAttributes(source, name, target, name);
    }

    private static void CopyAttributes(SafeFileHandle source, ReadOnlySpan<byte> name, SafeFileHandle target, ReadOnlySpan<byte> targetName)
    {
        if (TreeFiles.TryStatus(source, name) is not { } status)
        {
            return;
        }

        // The owner first: changing it takes setuid bits and file capabilities away.
        TreeFiles.SetOwner(target, targetName, status.Uid, status.Gid);
        if (status.Kind != FileKind.Symlink)
        {
            TreeFiles.SetPermissions(target, targetName, status.Permissions);
        }

        foreach (var (attribute, value) in TreeFiles.ReadAttributes(source, name))
        {
            if (!attribute.AsSpan().StartsWith("trusted.overlay."u8)) // the layers' own bookkeeping
            {
                TreeFiles.SetAttribute(target, targetName, attribute, value);
            }
        }

        TreeFiles.SetTimes(target, targetName, status.Accessed, status.Modified);
    }
}
