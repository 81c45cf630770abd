using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>A new pseudo-terminal of a given devpts; pts(4).</summary>
internal sealed record PseudoTerminal(SafeFileHandle Master, SafeFileHandle Slave, int Number)
{
    private const ulong DevptsMagic = 0x1CD1;

    /// <param name="devpts">An instance of devpts, attached anywhere or not at all.</param>
    public static PseudoTerminal Create(SafeFileHandle devpts, OciBox? size)
        => Open(FilesAt.OpenBeneath(devpts, "ptmx", OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal, OpenFlags.ResolveBeneath | OpenFlags.ResolveNoSymlinks), size);

    /// <param name="root">A running container's root, which may put anything into its /dev.</param>
    /// <exception cref="LaunchException">It has no devpts there.</exception>
    public static PseudoTerminal CreateInContainer(SafeFileHandle root, OciBox? size)
    {
        // Looked at before it is opened: opening a device or a pipe that the container put there could do or wait for anything.
        using var ptmx = FilesAt.OpenBeneath(root, "dev/pts/ptmx", OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveInRoot | OpenFlags.ResolveNoMagicLinks);
        if (FilesAt.FileSystemMagic(ptmx) != DevptsMagic || FilesAt.Stat(ptmx) is not { IsCharacterDevice: true, DeviceMajor: 5, DeviceMinor: 2 })
        {
            throw new LaunchException("open a terminal", Errno.None, "The container has no devpts of its own at /dev/pts, so it can't be given a terminal");
        }

        return Open(FilesAt.Open($"/proc/self/fd/{ptmx.Fd()}", OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal), size);
    }

    private static PseudoTerminal Open(SafeFileHandle master, OciBox? size)
    {
        try
        {
            var (slave, number) = PseudoTerminals.OpenSlave(master);
            if (size is not null && size.Height != 0 && size.Width != 0)
            {
                PseudoTerminals.SetSize(master, (ushort)size.Height, (ushort)size.Width);
            }

            return new PseudoTerminal(master, slave, number);
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }
}
