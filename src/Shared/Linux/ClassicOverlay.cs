using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Overlay by mount(2), for kernels before 6.5, whose fsconfig(2) has no "lowerdir+" and no room for a list of layers: mounted in a mount
/// namespace that only this thread enters, taken from there as an unattached copy, and gone with that namespace.
/// </summary>
public static class ClassicOverlay
{
    /// <summary>mount(2) takes one page of options.</summary>
    private const int MaxData = 4095;

    private const uint MountNamespace = 0x00020000; // CLONE_NEWNS

    /// <summary>
    /// Asks the kernel and not its version: distributions carry features back. Before 6.5 overlay's options were only collected here, whatever they
    /// were called, and read at the mount; an overlay that knows its options refuses at once what is none.
    /// </summary>
    public static bool KernelHasLowerdirPlus()
    {
        using var context = MountApi.OpenFileSystem("overlay");
        return Takes(context, "lowerdir+", "/") && !Takes(context, "no-such-option", "x");
    }

    private static bool Takes(SafeFileHandle context, string option, string value)
    {
        try
        {
            MountApi.Configure(context, option, value);
            return true;
        }
        catch (ErrnoException e) when (e.Errno == Errno.EINVAL)
        {
            return false;
        }
    }

    /// <remarks>The calling thread goes into a mount namespace of its own and back; it keeps a working directory and umask of its own from then on.</remarks>
    /// <exception cref="ErrnoException">E2BIG: more layers than mount(2) has room for. ENOENT: a layer is missing.</exception>
    public static SafeFileHandle Create(OverlayRootfs rootfs)
    {
        var opened = new List<SafeFileHandle>();
        try
        {
            var data = Options(rootfs, rootfs.LowerDirectories);
            if (System.Text.Encoding.UTF8.GetByteCount(data) > MaxData)
            {
                opened.AddRange(rootfs.LowerDirectories.Select(directory => FilesAt.Open(directory, OpenFlags.PathOnly | OpenFlags.Directory)));
                data = Options(rootfs, opened.Select(directory => $"/proc/self/fd/{directory.Fd()}"));
            }

            return System.Text.Encoding.UTF8.GetByteCount(data) <= MaxData
                ? Mount(data)
                : throw new ErrnoException(Errno.E2BIG, "mount", $"an overlay of {rootfs.LowerDirectories.Length} layers, which are too many for this kernel");
        }
        finally
        {
            opened.ForEach(directory => directory.Dispose());
        }
    }

    private static string Options(OverlayRootfs rootfs, IEnumerable<string> lowerDirectories)
        => $"lowerdir={string.Join(':', lowerDirectories.Select(Escape))}"
            + (rootfs.UpperDirectory is { } upper ? $",upperdir={Escape(upper)},workdir={Escape(rootfs.WorkDirectory ?? "")}" : "")
            + (rootfs is { Volatile: true, UpperDirectory: not null } ? ",volatile" : "") + ",index=off,metacopy=off,redirect_dir=off";

    private static SafeFileHandle Mount(string data)
    {
        using var home = FilesAt.Open("/proc/self/ns/mnt", OpenFlags.ReadOnly);
        Namespaces.Unshare(MountNamespace);
        try
        {
            Mounts.ChangePropagation("/", MountPropagation.Slave, below: true);
            Mounts.Mount("overlay", "/", "overlay", data);

            // "/" names what lies below the new mount; its ".." is what lies on top.
            return MountApi.CloneTree("/..", recursive: false);
        }
        finally
        {
            Namespaces.Enter(home, MountNamespace);
        }
    }

    private static string Escape(string path) => path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
}
