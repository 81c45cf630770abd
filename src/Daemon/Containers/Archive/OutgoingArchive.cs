using System.Text;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Api;
using Berth.Shared.Archives;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>A path of a container, held open until it has been written as an archive.</summary>
internal sealed class OutgoingArchive(ContainerView view, FoundPath found, ContainerPathName path, PathStat stat) : IDisposable
{
    // What the kernel makes up: endless, and of no use outside. proc, sysfs, cgroup, cgroup2, devpts, mqueue, debugfs, tracefs, securityfs, bpf.
    private static readonly HashSet<ulong> MadeUp =
        [0x9FA0, 0x62656572, 0x27E0EB, 0x63677270, 0x1CD1, 0x19800202, 0x64626720, 0x74726163, 0x73636673, 0xCAFE4A11];

    public PathStat Stat => stat;

    /// <summary>Writes it. Blocks: for a thread of its own.</summary>
    public void Write(Stream output, CancellationToken ct)
    {
        var archiver = new TreeArchiver(output) { IsEmptied = IsEmptied, TakesAttribute = attribute => OverlayAttributes.MayBringFromArchive(attribute) };
        if (found.Status.Kind == FileKind.Directory)
        {
            // "etc/", "etc/hosts": under its own name; under "." when the client asked for the content; with a bare slash for the root.
            using var directory = found.Name.Length == 0 ? TreeFiles.Duplicate(found.Directory) : TreeFiles.OpenSubdirectory(found.Directory, found.Name);
            archiver.AddDirectory(directory, Encoding.UTF8.GetBytes(path.Base == "/" ? "/" : path.Base + "/"));
            archiver.AddContent(directory, path.Base == "/" ? [] : Encoding.UTF8.GetBytes(path.Base), ct);
        }
        else
        {
            archiver.Add(found.Directory, found.Name, Encoding.UTF8.GetBytes(path.Base), ct);
        }

        archiver.Finish();
    }

    public void Dispose()
    {
        found.Dispose();
        view.Dispose();
    }

    internal static bool IsEmptied(SafeFileHandle directory) => MadeUp.Contains(FilesAt.FileSystemMagic(directory));
}
