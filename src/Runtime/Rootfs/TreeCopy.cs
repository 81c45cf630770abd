using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>Copies what a directory holds, for "tmpcopyup": directories, files and links with owner and mode; other kinds don't belong into a tmpfs.</summary>
internal static class TreeCopy
{
    public static void Copy(SafeFileHandle from, SafeFileHandle to)
    {
        // The descriptors stand for places in trees that no path leads to; procfs gives them one. The entries themselves are opened without following links.
        foreach (var entry in Directory.EnumerateFileSystemEntries($"/proc/self/fd/{from.Fd()}/"))
        {
            var name = Path.GetFileName(entry);
            using var source = FilesAt.OpenBeneath(from, name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);
            var facts = FilesAt.Stat(source);
            switch (facts.Mode & OpenFlags.TypeMask)
            {
                case OpenFlags.DirectoryType:
                    FilesAt.MakeDirectory(to, name, facts.Mode & 0xFFF);
                    using (var made = Open(to, name))
                    {
                        FilesAt.ChangeOwner(made, facts.Uid, facts.Gid);
                        Copy(source, made);
                    }

                    break;
                case OpenFlags.Symlink:
                    FilesAt.MakeSymlink(FilesAt.ReadLink(source), to, name);
                    using (var made = Open(to, name))
                    {
                        FilesAt.ChangeOwner(made, facts.Uid, facts.Gid);
                    }

                    break;
                case OpenFlags.Regular:
                    FilesAt.MakeNode(to, name, OpenFlags.Regular | 0x180);
                    using (var made = Open(to, name))
                    {
                        CopyBytes(source, made);
                        FilesAt.ChangeOwner(made, facts.Uid, facts.Gid);
                        FilesAt.ChangeMode(made, facts.Mode & 0xFFF);
                    }

                    break;
            }
        }
    }

    private static SafeFileHandle Open(SafeFileHandle directory, string name)
        => FilesAt.OpenBeneath(directory, name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);

    private static void CopyBytes(SafeFileHandle from, SafeFileHandle to)
    {
        using var input = FilesAt.Open($"/proc/self/fd/{from.Fd()}", OpenFlags.ReadOnly);
        using var output = FilesAt.Open($"/proc/self/fd/{to.Fd()}", OpenFlags.WriteOnly);
        var buffer = new byte[64 * 1024];
        for (int count; (count = ByteStreams.Read(input, buffer)) > 0;)
        {
            ByteStreams.Write(output, buffer.AsSpan(0, count));
        }
    }
}
