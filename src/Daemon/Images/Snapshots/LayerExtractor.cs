using System.Text;
using Berth.Shared.Archives;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>
/// Unpacks one layer's archive below an open directory, in overlay's form. Nothing in the archive is trusted: each parent is opened by the kernel within
/// the root (RESOLVE_IN_ROOT) and everything else goes by single names relative to it, so that links in the archive lead nowhere else.
/// </summary>
/// <remarks>Runs on a thread of its own, see <see cref="TreeFiles.ClearUmaskOfThisThread"/>. What needs the layers below is left to <see cref="LayerCompletion"/>.</remarks>
internal sealed class LayerExtractor(SafeFileHandle root, long entryLimit, ExtractInto? into = null) : IDisposable
{
    private const int OpenParents = 64;
    private const uint DefaultPermissions = 0x1ED; // 0755
    private const uint SetIdBits = 0xC00; // 06000
    private const uint SetGid = 0x400; // 02000
    private static ReadOnlySpan<byte> WhiteoutPrefix => ".wh."u8;
    private static ReadOnlySpan<byte> OpaqueMarker => ".wh..wh..opq"u8;
    private static ReadOnlySpan<byte> AufsPrefix => ".wh..wh."u8;

    private readonly Dictionary<byte[], SafeFileHandle> _parents = new(BytesComparer.Instance);
    private readonly UnpackedLayer _layer = new();
    private bool _setGidSeen = into is not null; // unknown of a tree that was there before

    /// <exception cref="TarFormatException">The archive is malformed, or wants what no layer may.</exception>
    /// <exception cref="ErrnoException">ENOSPC and the like.</exception>
    public UnpackedLayer Extract(LayerTarReader archive, CancellationToken ct)
    {
        if (into is null)
        {
            _layer.Implied.Add([]); // the root too has its attributes from below unless the archive says otherwise
        }

        while (archive.Next() is { } entry)
        {
            ct.ThrowIfCancellationRequested();
            if (++_layer.Entries > entryLimit)
            {
                throw new TarFormatException($"the archive has more than the {entryLimit} members allowed");
            }

            try
            {
                Place(archive, entry);
            }
            catch (ErrnoException error) when (error.Errno is not (Errno.ENOSPC or Errno.EDQUOT or Errno.EIO or Errno.EMFILE or Errno.ENFILE or Errno.EROFS))
            {
                throw new TarFormatException($"the archive's member \"{Encoding.UTF8.GetString(entry.Name)}\" can't be unpacked: {error.Message}");
            }
        }

        return _layer;
    }

    public void Dispose() => ForgetParents();

    private void Place(LayerTarReader archive, TarEntry entry)
    {
        var path = LayerPath.Clean(entry.Name);
        if (path.Length == 0)
        {
            if (into is null)
            {
                PlaceRoot(entry);
            }

            return; // a directory that was there before the archive stays as it is
        }

        path = into is null ? path : LayerPath.Join(into.Directory, path);
        var (parentPath, name) = LayerPath.Split(path);
        if (into is null && name.AsSpan().StartsWith(WhiteoutPrefix))
        {
            PlaceWhiteout(parentPath, name);
            return;
        }

        var parent = OpenParent(parentPath);
        RefuseExchange(parent, name, path, entry);
        switch (entry.Kind)
        {
            case TarEntryKind.Directory:
                PlaceDirectory(parent, name, path, entry);
                break;
            case TarEntryKind.File:
                PlaceFile(archive, parent, name, path, entry);
                break;
            case TarEntryKind.HardLink:
                PlaceHardLink(parent, name, path, entry);
                break;
            case TarEntryKind.Symlink:
                if (entry.LinkTarget.Length == 0)
                {
                    throw new TarFormatException($"the archive's link \"{LayerPath.Show(path)}\" leads nowhere");
                }

                Make(parent, name, path, () => TreeFiles.TryMakeSymlink(parent, name, entry.LinkTarget));
                Finish(parent, name, entry);
                break;
            default:
                PlaceNode(parent, name, path, entry);
                break;
        }
    }

    private void RefuseExchange(SafeFileHandle parent, byte[] name, byte[] path, TarEntry entry)
    {
        if (into is not { KeepsKinds: true } || TreeFiles.TryStatus(parent, name) is not { } there)
        {
            return;
        }

        var (was, comes) = (there.Kind == FileKind.Directory, entry.Kind == TarEntryKind.Directory);
        if (was != comes)
        {
            throw new TarFormatException(was
                ? $"cannot overwrite directory \"/{LayerPath.Show(path)}\" with non-directory"
                : $"cannot overwrite non-directory \"/{LayerPath.Show(path)}\" with directory");
        }
    }

    private void PlaceRoot(TarEntry entry)
    {
        if (entry.Kind != TarEntryKind.Directory)
        {
            throw new TarFormatException("the archive's root is not a directory");
        }

        TreeFiles.SetOwner(root, [], entry.Uid, entry.Gid);
        TreeFiles.SetPermissions(root, entry.Permissions);
        SetAttributes(root, [], entry);
        Explicit([], entry);
        _setGidSeen |= (entry.Permissions & SetGid) != 0;
    }

    private void PlaceDirectory(SafeFileHandle parent, byte[] name, byte[] path, TarEntry entry)
    {
        var (made, opaque) = (TreeFiles.TryMakeDirectory(parent, name, entry.Permissions), false);
        if (!made)
        {
            var there = TreeFiles.TryStatus(parent, name);
            if (there?.Kind != FileKind.Directory)
            {
                // What the layer removed and made again hides everything below.
                opaque = there?.IsWhiteout == true;
                Replace(parent, name, path);
                made = TreeFiles.TryMakeDirectory(parent, name, entry.Permissions);
            }
        }

        if (!made || NeedsOwner(entry))
        {
            TreeFiles.SetOwner(parent, name, UidOf(entry), GidOf(entry));
        }

        // Below a directory with the setgid bit, a new one has it too.
        if (!made || (entry.Permissions & SetIdBits) != 0 || _setGidSeen)
        {
            using var directory = TreeFiles.OpenSubdirectory(parent, name);
            TreeFiles.SetPermissions(directory, entry.Permissions);
        }

        if (opaque)
        {
            TreeFiles.SetAttribute(parent, name, OverlayAttributes.Opaque, OverlayAttributes.OpaqueValue);
        }

        SetAttributes(parent, name, entry);
        Explicit(path, entry);
        _setGidSeen |= (entry.Permissions & SetGid) != 0;
    }

    private void PlaceFile(LayerTarReader archive, SafeFileHandle parent, byte[] name, byte[] path, TarEntry entry)
    {
        var file = TreeFiles.TryCreateFile(parent, name, entry.Permissions);
        if (file is null)
        {
            Replace(parent, name, path);
            file = TreeFiles.TryCreateFile(parent, name, entry.Permissions) ?? throw new ErrnoException(Errno.EEXIST, "openat", LayerPath.Show(path));
        }

        using (file)
        {
            while (archive.ReadContent(out var offset) is { IsEmpty: false } piece)
            {
                TreeFiles.WriteAt(file, piece, offset);
            }

            if (entry.Segments is not null)
            {
                TreeFiles.SetLength(file, entry.Size);
            }

            if (NeedsOwner(entry))
            {
                TreeFiles.SetOwner(file, [], UidOf(entry), GidOf(entry));
            }

            // After the owner: a change of owner takes these bits away, and capabilities too.
            if ((entry.Permissions & SetIdBits) != 0)
            {
                TreeFiles.SetPermissions(file, entry.Permissions);
            }

            foreach (var (attribute, value) in entry.Attributes)
            {
                SetAttribute(attribute, () => TreeFiles.SetAttribute(file, attribute, value));
            }

            TreeFiles.SetTimes(file, [], entry.Accessed ?? entry.Modified, entry.Modified);
        }

        _layer.SizeBytes += entry.Size;
    }

    private void PlaceHardLink(SafeFileHandle parent, byte[] name, byte[] path, TarEntry entry)
    {
        var target = LayerPath.Clean(entry.LinkTarget);
        target = into is null || target.Length == 0 ? target : LayerPath.Join(into.Directory, target);
        var (targetParentPath, targetName) = LayerPath.Split(target);
        if (target.Length == 0 || target.AsSpan().SequenceEqual(path))
        {
            throw new TarFormatException($"the archive's hard link \"{LayerPath.Show(path)}\" leads to itself or to the root");
        }

        using var targetParent = TreeFiles.TryOpenDirectoryInRoot(root, targetParentPath, out _);
        if (targetParent is null || TreeFiles.TryStatus(targetParent, targetName) is null or { IsWhiteout: true })
        {
            if (into is not null)
            {
                throw new TarFormatException($"the archive's hard link \"{LayerPath.Show(path)}\" leads to \"{LayerPath.Show(target)}\", which is not there");
            }

            // The target is in a layer below, which may not be here yet.
            _layer.LinksBelow.Add((path, target));
            return;
        }

        Make(parent, name, path, () => TreeFiles.TryLink(targetParent, targetName, parent, name));
    }

    private void PlaceNode(SafeFileHandle parent, byte[] name, byte[] path, TarEntry entry)
    {
        var kind = entry.Kind switch
        {
            TarEntryKind.CharacterDevice => FileKind.CharacterDevice,
            TarEntryKind.BlockDevice => FileKind.BlockDevice,
            _ => FileKind.Fifo,
        };
        Make(parent, name, path, () => TreeFiles.TryMakeNode(parent, name, kind, entry.Permissions & ~SetIdBits, entry.DeviceMajor, entry.DeviceMinor));
        Finish(parent, name, entry);
        if ((entry.Permissions & SetIdBits) != 0)
        {
            TreeFiles.SetPermissions(parent, name, entry.Permissions);
        }
    }

    /// <summary>image-spec layer.md, "Whiteouts", as overlayfs wants them: a character device 0:0, and an attribute of an opaque directory.</summary>
    private void PlaceWhiteout(byte[] parentPath, byte[] name)
    {
        if (name.AsSpan().SequenceEqual(OpaqueMarker))
        {
            var directory = OpenParent(parentPath);
            TreeFiles.SetAttribute(directory, OverlayAttributes.Opaque, OverlayAttributes.OpaqueValue);
            return;
        }

        if (name.AsSpan().StartsWith(AufsPrefix))
        {
            return; // aufs's own files, which old tools left in archives
        }

        var hidden = name[WhiteoutPrefix.Length..];
        if (hidden.Length == 0 || hidden.AsSpan().SequenceEqual("."u8) || hidden.AsSpan().SequenceEqual(".."u8))
        {
            throw new TarFormatException($"the archive's whiteout \"{LayerPath.Show(name)}\" hides nothing that can be");
        }

        var parent = OpenParent(parentPath);
        if (TreeFiles.TryMakeNode(parent, hidden, FileKind.CharacterDevice, 0))
        {
            return;
        }

        // A whiteout tells of the layers below only: what this layer holds stays, and hides what is below it.
        if (TreeFiles.TryStatus(parent, hidden)?.Kind == FileKind.Directory)
        {
            TreeFiles.SetAttribute(parent, hidden, OverlayAttributes.Opaque, OverlayAttributes.OpaqueValue);
        }
    }

    private void Finish(SafeFileHandle parent, byte[] name, TarEntry entry)
    {
        if (NeedsOwner(entry))
        {
            TreeFiles.SetOwner(parent, name, UidOf(entry), GidOf(entry));
        }

        SetAttributes(parent, name, entry);
        TreeFiles.SetTimes(parent, name, entry.Accessed ?? entry.Modified, entry.Modified);
    }

    // New files in a layer are root's already, unless a directory with the setgid bit handed its group on.
    private bool NeedsOwner(TarEntry entry) => entry.Uid != 0 || entry.Gid != 0 || _setGidSeen;

    private uint UidOf(TarEntry entry) => into?.Owner?.Uid ?? entry.Uid;

    private uint GidOf(TarEntry entry) => into?.Owner?.Gid ?? entry.Gid;

    private void SetAttributes(SafeFileHandle parent, byte[] name, TarEntry entry)
    {
        foreach (var (attribute, value) in entry.Attributes)
        {
            SetAttribute(attribute, () =>
            {
                if (name.Length == 0)
                {
                    TreeFiles.SetAttribute(parent, attribute, value);
                }
                else
                {
                    TreeFiles.SetAttribute(parent, name, attribute, value);
                }
            });
        }
    }

    private void SetAttribute(byte[] attribute, Action set)
    {
        if (!OverlayAttributes.MayBringFromArchive(attribute))
        {
            _layer.AttributesLeftOut++;
            return;
        }

        try
        {
            set();
        }
        catch (ErrnoException error) when (error.Errno == Errno.EOPNOTSUPP || (error.Errno == Errno.EPERM && attribute.AsSpan().StartsWith("user."u8)))
        {
            // A file system without ACLs, or a user's attribute on a link or device, where Linux has none: the file is right without.
            _layer.AttributesLeftOut++;
        }
    }

    private static void Make(SafeFileHandle parent, byte[] name, byte[] path, Func<bool> make, Action replace)
    {
        if (make())
        {
            return;
        }

        replace();
        if (!make())
        {
            throw new ErrnoException(Errno.EEXIST, "make", $"{LayerPath.Show(path)} in {parent.Fd()}/{LayerPath.Show(name)}");
        }
    }

    private void Make(SafeFileHandle parent, byte[] name, byte[] path, Func<bool> make) => Make(parent, name, path, make, () => Replace(parent, name, path));

    /// <summary>Of two members with one name the later counts.</summary>
    private void Replace(SafeFileHandle parent, byte[] name, byte[] path)
    {
        var isDirectory = TreeFiles.TryStatus(parent, name)?.Kind == FileKind.Directory;
        TreeFiles.RemoveTree(parent, name);
        if (isDirectory)
        {
            _layer.ForgetDirectories(path);
        }

        // A directory that is open here may be what was removed, or be reached through a link that was.
        ForgetParents(except: parent);
    }

    private void Explicit(byte[] path, TarEntry entry)
    {
        _layer.Implied.Remove(path);
        _layer.DirectoryTimes[path] = (entry.Accessed ?? entry.Modified, entry.Modified);
    }

    /// <summary>The directory that a member goes to, made if the archive never named it.</summary>
    private SafeFileHandle OpenParent(byte[] path)
    {
        if (path.Length == 0)
        {
            return root;
        }

        if (_parents.TryGetValue(path, out var open))
        {
            return open;
        }

        if (_parents.Count >= OpenParents)
        {
            ForgetParents();
        }

        var parent = TreeFiles.TryOpenDirectoryInRoot(root, path, out var errno)
            ?? (errno is Errno.ENOENT or Errno.ENOTDIR ? MakeParents(path, links: 0) : throw new ErrnoException(errno, "openat2", LayerPath.Show(path)));
        _parents[path] = parent;
        return parent;
    }

    private SafeFileHandle MakeParents(byte[] path, int links)
    {
        if (links > 40)
        {
            throw new ErrnoException(Errno.ELOOP, "openat2", LayerPath.Show(path));
        }

        for (var end = 0; end <= path.Length; end++)
        {
            if (end < path.Length && path[end] != (byte)'/')
            {
                continue;
            }

            var prefix = path[..end];
            using var present = TreeFiles.TryOpenDirectoryInRoot(root, prefix, out _);
            if (present is null)
            {
                MakeParent(prefix, links);
            }
        }

        return TreeFiles.OpenDirectoryInRoot(root, path);
    }

    private void MakeParent(byte[] path, int links)
    {
        var (parentPath, name) = LayerPath.Split(path);
        using var parent = TreeFiles.OpenDirectoryInRoot(root, parentPath);
        if (TreeFiles.TryMakeDirectory(parent, name, DefaultPermissions))
        {
            _layer.Implied.Add(path);
            return;
        }

        var there = TreeFiles.TryStatus(parent, name);
        switch (there)
        {
            case { IsWhiteout: true }:
                TreeFiles.RemoveFile(parent, name);
                TreeFiles.TryMakeDirectory(parent, name, DefaultPermissions);
                TreeFiles.SetAttribute(parent, name, OverlayAttributes.Opaque, OverlayAttributes.OpaqueValue);
                break;
            case { Kind: FileKind.Symlink }:
                // The link's target is in a layer below: make it here, so that both come together in the merged tree.
                var target = TreeFiles.ReadLink(parent, name);
                MakeParents(ResolveLink(parentPath, target), links + 1).Dispose();
                break;
            default:
                throw new ErrnoException(Errno.ENOTDIR, "mkdirat", LayerPath.Show(path));
        }
    }

    // As the kernel does within a root: ".." stops there.
    private static byte[] ResolveLink(byte[] directory, byte[] target)
    {
        var components = new List<byte[]>();
        var whole = target is [(byte)'/', ..] ? target : LayerPath.Join(directory, target);
        foreach (var range in whole.AsSpan().Split((byte)'/'))
        {
            var component = whole[range];
            if (component.AsSpan().SequenceEqual(".."u8))
            {
                if (components.Count > 0)
                {
                    components.RemoveAt(components.Count - 1);
                }
            }
            else if (component.Length > 0 && !component.AsSpan().SequenceEqual("."u8))
            {
                components.Add(component);
            }
        }

        return components.Aggregate(Array.Empty<byte>(), (path, component) => LayerPath.Join(path, component));
    }

    private void ForgetParents(SafeFileHandle? except = null)
    {
        foreach (var (path, handle) in _parents.ToList())
        {
            if (handle != except)
            {
                handle.Dispose();
                _parents.Remove(path);
            }
        }
    }
}

/// <summary>Where and how an archive goes into a tree that is there already, such as a container's: members are taken literally, whiteouts' names among them.</summary>
/// <param name="Directory">Path of the directory that it goes to, from the root in which links are followed.</param>
/// <param name="KeepsKinds">A directory is not replaced by another kind of file, nor the other way round.</param>
/// <param name="Owner">Everything gets this owner; null: the archive's.</param>
internal sealed record ExtractInto(byte[] Directory, bool KeepsKinds, (uint Uid, uint Gid)? Owner);
