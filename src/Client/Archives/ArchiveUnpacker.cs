using System.Text;
using Berth.Shared.Archives;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Archives;

/// <summary>
/// Unpacks an archive that came out of a container into a local directory. What is in it is the container's doing: each parent is opened by the kernel
/// within the directory (RESOLVE_IN_ROOT) and the rest goes by single names, so that no link in it leads anywhere else.
/// </summary>
/// <param name="root">The local directory.</param>
/// <param name="from">The name under which everything is in the archive; "." or "/" for its root.</param>
/// <param name="to">The name it gets; empty: what is below goes straight into the directory.</param>
/// <param name="keepsOwners">Files belong to whom the archive says, and not to the caller.</param>
internal sealed class ArchiveUnpacker(SafeFileHandle root, string from, string to, bool keepsOwners)
{
    private const uint DefaultPermissions = 0x1ED; // 0755

    private readonly byte[] _from = Encoding.UTF8.GetBytes(from is "." or "/" ? "" : from);
    private readonly byte[] _to = Encoding.UTF8.GetBytes(to);
    private readonly List<(byte[] Path, FileTime Modified)> _directories = [];

    /// <exception cref="TarFormatException">The archive is malformed, or a member can't be placed.</exception>
    /// <exception cref="ErrnoException">ENOSPC, EACCES and the like.</exception>
    public void Unpack(LayerTarReader archive)
    {
        while (archive.Next() is { } entry)
        {
            Place(archive, entry);
        }

        // Last, since making what is in them changes their times.
        foreach (var (path, modified) in Enumerable.Reverse(_directories))
        {
            using var directory = TreeFiles.TryOpenDirectoryInRoot(root, path, out _);
            if (directory is not null)
            {
                TreeFiles.SetTimes(directory, [], modified, modified);
            }
        }
    }

    private void Place(LayerTarReader archive, TarEntry entry)
    {
        var path = Rebase(entry.Name);
        if (path.Length == 0)
        {
            return; // the local directory itself
        }

        var slash = path.AsSpan().LastIndexOf((byte)'/');
        var (parentPath, name) = slash < 0 ? ([], path) : (path[..slash], path[(slash + 1)..]);
        using var parent = TreeFiles.TryOpenDirectoryInRoot(root, parentPath, out var errno)
            ?? throw new TarFormatException($"the archive's \"{Show(path)}\" can't be placed: {ErrnoException.Describe(errno)}");
        var there = TreeFiles.TryStatus(parent, name)?.Kind;
        if (there is not null && (there == FileKind.Directory) != (entry.Kind == TarEntryKind.Directory))
        {
            throw new TarFormatException(there == FileKind.Directory
                ? $"cannot overwrite directory \"{Show(path)}\" with non-directory"
                : $"cannot overwrite non-directory \"{Show(path)}\" with directory");
        }

        if (there is not (null or FileKind.Directory))
        {
            TreeFiles.RemoveFile(parent, name);
        }

        Make(archive, entry, parent, name, path);
    }

    private void Make(LayerTarReader archive, TarEntry entry, SafeFileHandle parent, byte[] name, byte[] path)
    {
        switch (entry.Kind)
        {
            case TarEntryKind.Directory:
                TreeFiles.TryMakeDirectory(parent, name, DefaultPermissions);
                _directories.Add((path, entry.Modified));
                break;
            case TarEntryKind.File:
                WriteFile(archive, parent, name);
                break;
            case TarEntryKind.Symlink:
                TreeFiles.TryMakeSymlink(parent, name, entry.LinkTarget);
                break;
            case TarEntryKind.HardLink:
                Link(entry, parent, name, path);
                return; // its attributes are those of the other name
            default:
                var kind = entry.Kind == TarEntryKind.Fifo ? FileKind.Fifo : entry.Kind == TarEntryKind.BlockDevice ? FileKind.BlockDevice : FileKind.CharacterDevice;
                TreeFiles.TryMakeNode(parent, name, kind, 0, entry.DeviceMajor, entry.DeviceMinor);
                break;
        }

        if (keepsOwners)
        {
            TreeFiles.SetOwner(parent, name, entry.Uid, entry.Gid);
        }

        if (entry.Kind != TarEntryKind.Symlink)
        {
            TreeFiles.SetPermissions(parent, name, entry.Permissions);
        }

        TreeFiles.SetTimes(parent, name, entry.Modified, entry.Modified);
    }

    private static void WriteFile(LayerTarReader archive, SafeFileHandle parent, byte[] name)
    {
        using var file = TreeFiles.TryCreateFile(parent, name, 0x180) ?? throw new TarFormatException($"\"{Show(name)}\" appeared while it was being written");
        while (archive.ReadContent(out var offset) is { IsEmpty: false } piece)
        {
            TreeFiles.WriteAt(file, piece, offset);
        }
    }

    private void Link(TarEntry entry, SafeFileHandle parent, byte[] name, byte[] path)
    {
        var target = Rebase(entry.LinkTarget);
        var slash = target.AsSpan().LastIndexOf((byte)'/');
        using var directory = TreeFiles.TryOpenDirectoryInRoot(root, target.AsSpan(0, Math.Max(0, slash)), out _);
        if (directory is null || !TreeFiles.TryLink(directory, target.AsSpan(slash + 1), parent, name))
        {
            throw new TarFormatException($"the archive's hard link \"{Show(path)}\" leads to \"{Show(target)}\", which is not there");
        }
    }

    /// <summary>Puts the new name in place of the one that everything has in the archive.</summary>
    private byte[] Rebase(byte[] name)
    {
        var components = new List<byte[]>();
        foreach (var range in name.AsSpan().Split((byte)'/'))
        {
            var component = name[range];
            if (component.AsSpan().SequenceEqual(".."u8))
            {
                throw new TarFormatException($"the archive's \"{Show(name)}\" would lie outside of the directory");
            }

            if (component.Length > 0 && !component.AsSpan().SequenceEqual("."u8))
            {
                components.Add(component);
            }
        }

        if (_from.Length > 0)
        {
            if (components.Count == 0 || !components[0].AsSpan().SequenceEqual(_from))
            {
                throw new TarFormatException($"the archive's \"{Show(name)}\" is not below \"{from}\"");
            }

            components.RemoveAt(0);
        }

        if (_to.Length > 0)
        {
            components.Insert(0, _to);
        }

        return components.Count == 0 ? [] : components.Aggregate((path, component) => [.. path, (byte)'/', .. component]);
    }

    private static string Show(byte[] path) => Encoding.UTF8.GetString(path);
}
