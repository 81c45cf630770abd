using System.Text;
using Berth.Daemon.Containers;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Volumes;

/// <summary>Directories that outlive the containers which mount them: volumes/NAME/_data under the data root.</summary>
internal sealed class VolumeService(ContainersOptions options)
{
    private readonly string _root = Path.Combine(Path.GetFullPath(options.DataRoot), "volumes");

    public string DirectoryOf(string name) => Path.Combine(_root, name, "_data");

    public IReadOnlyList<string> Names()
        => Directory.Exists(_root) ? [.. Directory.EnumerateDirectories(_root).Select(path => Path.GetFileName(path)).Where(Exists).Order(StringComparer.Ordinal)] : [];

    public bool Exists(string name) => Directory.Exists(DirectoryOf(name));

    /// <summary>Makes the volume if there is none of the name.</summary>
    /// <returns>Whether it was made.</returns>
    public bool Ensure(string name)
    {
        if (Exists(name))
        {
            return false;
        }

        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode all = owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(_root, owner);
        Directory.CreateDirectory(Path.Combine(_root, name), owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(DirectoryOf(name), all);
        return true;
    }

    /// <summary>Gives an empty volume what the image has at the place where it is mounted.</summary>
    /// <param name="root">The image's files.</param>
    /// <param name="target">The mount's path in the container.</param>
    public void Populate(string name, SafeFileHandle root, string target)
    {
        using var volume = FilesAt.Open(DirectoryOf(name), OpenFlags.ReadOnly | OpenFlags.Directory);
        if (TreeFiles.ReadDirectory(volume).Count > 0)
        {
            return;
        }

        using var source = TreeFiles.TryOpenDirectoryInRoot(root, Encoding.UTF8.GetBytes(target), out var errno);
        if (source is null)
        {
            if (errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
            {
                return; // the image has nothing there
            }

            throw new ErrnoException(errno, "open", target);
        }

        TreeCopy.Copy(source, volume);
    }

    /// <summary>Deletes the volume and all that is in it.</summary>
    public void Remove(string name)
    {
        using var root = FilesAt.Open(_root, OpenFlags.ReadOnly | OpenFlags.Directory);
        TreeFiles.RemoveTree(root, Encoding.UTF8.GetBytes(name));
    }
}
