using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>The ioctls of a pseudo-terminal's master; ioctl_tty(2).</summary>
public static unsafe class PseudoTerminals
{
    private const long UnlockSlave = 0x40045431, SlaveNumber = 0x80045430L, OpenPeer = 0x5441, SetWindowSize = 0x5414;

    /// <summary>The other side, opened by the master and not by a name that somebody could have replaced.</summary>
    public static (SafeFileHandle Slave, int Number) OpenSlave(SafeFileHandle master)
    {
        int unlocked = 0, number;
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ioctl, master.Fd(), unchecked((nint)UnlockSlave), (nint)(&unlocked)), "unlock the terminal");
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ioctl, master.Fd(), unchecked((nint)SlaveNumber), (nint)(&number)), "number of the terminal");
        var flags = OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal | OpenFlags.CloseOnExec;
        return (Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Ioctl, master.Fd(), (nint)OpenPeer, flags), "open the terminal"), number);
    }

    public static void SetSize(SafeFileHandle terminal, ushort rows, ushort columns)
    {
        var size = stackalloc ushort[4]; // struct winsize: rows, columns, and two that nobody uses
        (size[0], size[1], size[2], size[3]) = (rows, columns, 0, 0);
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ioctl, terminal.Fd(), (nint)SetWindowSize, (nint)size), "resize the terminal");
    }
}
