using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>
/// The file tree that a container is going to have, while its mounts are still unattached: finds and makes the places where mounts and devices go,
/// by descriptors and with every link resolved inside the root, as a container would see them.
/// </summary>
/// <remarks>
/// The kernel can't resolve "/dev/pts" across mounts that aren't attached yet, so this walks by itself wherever a path meets one.
/// A place it returns is canonical (no links, no ".."), so that the child may open it with RESOLVE_NO_SYMLINKS once the mounts are there.
/// </remarks>
internal sealed class RootTree(SafeFileHandle root, uint ownerUid, uint ownerGid)
{
    private const int MaxLinks = 40;

    /// <summary>By canonical path, later mounts over earlier ones; a null tree is one that the child will make.</summary>
    private readonly Dictionary<string, SafeFileHandle?> _mounts = new(StringComparer.Ordinal) { [""] = root };

    /// <summary>From now on, paths below this canonical place lead into the tree.</summary>
    /// <param name="tree">Null: made only by the child, so nothing can be looked up or made in it here.</param>
    public void Attach(string place, SafeFileHandle? tree) => _mounts[place] = tree;

    /// <summary>The canonical place of the path, without a leading slash ("" is the root), made with its parents where missing.</summary>
    /// <param name="directory">What to make: a directory, or an empty file.</param>
    /// <returns>The place, and what is there opened O_PATH; null in a tree that the child will make.</returns>
    /// <exception cref="ErrnoException">ENOTDIR: a file on the way. ELOOP. EROFS: it is missing, and can't be made.</exception>
    public (string Place, SafeFileHandle? Found) Ensure(string path, bool directory)
        => TryDirect(path) ?? Walk(path, make: true, directory) ?? throw new ErrnoException(Errno.ENOENT, "open", path);

    /// <summary>As <see cref="Ensure"/>, but makes nothing.</summary>
    public (string Place, SafeFileHandle? Found)? Find(string path) => TryDirect(path) ?? Walk(path, make: false, directory: true);

    /// <summary>The directory of the path, made if missing, and the name in it.</summary>
    public (SafeFileHandle? Directory, string Name) EnsureParent(string path)
    {
        var slash = path.TrimEnd('/').LastIndexOf('/');
        var (_, directory) = Ensure(slash <= 0 ? "/" : path[..slash], directory: true);
        return (directory, path.TrimEnd('/')[(slash + 1)..]);
    }

    /// <summary>One call for the usual case: everything exists and nothing on the way is a link.</summary>
    private (string, SafeFileHandle?)? TryDirect(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Any(p => p is "." or ".."))
        {
            return null;
        }

        var place = string.Join('/', parts);
        var (mountPlace, tree) = DeepestMount(place);
        var rest = mountPlace.Length == 0 ? place : place[mountPlace.Length..].TrimStart('/');
        if (tree is null)
        {
            return (place, null);
        }

        if (rest.Length == 0)
        {
            return (place, FilesAt.Duplicate(tree));
        }

        var fd = FilesAt.TryOpenBeneath(
            tree.Fd(), rest, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveInRoot | OpenFlags.ResolveNoSymlinks | OpenFlags.ResolveNoMagicLinks);
        if (fd < 0)
        {
            return null;
        }

        // O_NOFOLLOW with O_PATH opens a final link itself, in spite of RESOLVE_NO_SYMLINKS.
        var found = new SafeFileHandle(fd, ownsHandle: true);
        if (!FilesAt.Stat(found).IsSymlink)
        {
            return (place, found);
        }

        found.Dispose();
        return null;
    }

    private (string Place, SafeFileHandle? Tree) DeepestMount(string place)
    {
        var prefix = place;
        SafeFileHandle? tree;
        while (!_mounts.TryGetValue(prefix, out tree))
        {
            prefix = prefix[..Math.Max(prefix.LastIndexOf('/'), 0)];
        }

        return (prefix, tree);
    }

    private (string, SafeFileHandle?)? Walk(string path, bool make, bool directory)
    {
        var links = 0;
        var todo = new Stack<string>(Parts(path).Reverse());
        var place = new List<string>();
        var open = new List<SafeFileHandle?> { Reopen(_mounts[""]) }; // open[i]: the directory of the first i parts of place
        try
        {
            while (todo.TryPop(out var name))
            {
                if (name == ".")
                {
                    continue;
                }

                if (name == "..")
                {
                    if (place.Count > 0)
                    {
                        place.RemoveAt(place.Count - 1);
                        open[^1]?.Dispose();
                        open.RemoveAt(open.Count - 1);
                    }

                    continue;
                }

                var (link, next) = Step(open[^1], place, name, make, last: todo.Count == 0, directory);
                if (link is not null)
                {
                    if (++links > MaxLinks)
                    {
                        throw new ErrnoException(Errno.ELOOP, "open", path);
                    }

                    if (link.StartsWith('/'))
                    {
                        place.Clear();
                        foreach (var handle in open.Skip(1))
                        {
                            handle?.Dispose();
                        }

                        open.RemoveRange(1, open.Count - 1);
                    }

                    foreach (var part in Parts(link).Reverse())
                    {
                        todo.Push(part);
                    }

                    continue;
                }

                if (next is null && open[^1] is not null && !_mounts.ContainsKey(Join(place, name)))
                {
                    return null; // missing, and not to be made
                }

                place.Add(name);
                open.Add(next);
            }

            var found = open[^1];
            open.RemoveAt(open.Count - 1);
            return (string.Join('/', place), found);
        }
        finally
        {
            foreach (var handle in open)
            {
                handle?.Dispose();
            }
        }
    }

    /// <summary>What the name is in the directory: the target of a link, or the thing opened O_PATH (null: missing, or in a tree of the child's).</summary>
    private (string? Link, SafeFileHandle? Next) Step(SafeFileHandle? at, List<string> place, string name, bool make, bool last, bool directory)
    {
        if (_mounts.TryGetValue(Join(place, name), out var tree))
        {
            return (null, Reopen(tree));
        }

        if (at is null)
        {
            return (null, null);
        }

        var fd = FilesAt.TryOpenBeneath(at.Fd(), name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);
        if (fd >= 0)
        {
            var found = new SafeFileHandle(fd, ownsHandle: true);
            if (!FilesAt.Stat(found).IsSymlink)
            {
                return (null, found);
            }

            using (found)
            {
                return (FilesAt.ReadLink(found), null);
            }
        }

        if (Syscall.LastErrno != Errno.ENOENT)
        {
            throw new ErrnoException(Syscall.LastErrno, "open", Join(place, name));
        }

        return make ? (null, Make(at, name, last, directory)) : (null, null);
    }

    private SafeFileHandle Make(SafeFileHandle at, string name, bool last, bool directory)
    {
        const uint directoryMode = 0x1ED, fileMode = OpenFlags.Regular | 0x1A4; // 0755, 0644
        if (!last || directory)
        {
            FilesAt.MakeDirectory(at, name, directoryMode);
        }
        else
        {
            FilesAt.MakeNode(at, name, fileMode);
        }

        var made = FilesAt.OpenBeneath(at, name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);
        if (ownerUid != 0 || ownerGid != 0)
        {
            FilesAt.ChangeOwner(made, ownerUid, ownerGid);
        }

        return made;
    }

    private static SafeFileHandle? Reopen(SafeFileHandle? tree) => tree is null ? null : FilesAt.Duplicate(tree);

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static string Join(List<string> place, string name) => place.Count == 0 ? name : $"{string.Join('/', place)}/{name}";
}
