using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>What a process sets about itself.</summary>
public static unsafe class ProcessSettings
{
    /// <summary>The name that ps shows; PR_SET_NAME.</summary>
    /// <param name="name">At most 15 bytes count.</param>
    public static void SetName(ReadOnlySpan<byte> name)
    {
        var terminated = stackalloc byte[16];
        new Span<byte>(terminated, 16).Clear();
        name[..Math.Min(name.Length, 15)].CopyTo(new Span<byte>(terminated, 15));
        Syscall.Check(Libc.prctl_value(Libc.PR_SET_NAME, (nuint)terminated, 0, 0, 0), "prctl PR_SET_NAME");
    }

    /// <summary>No ptrace, no core, and /proc/self is root's: nothing in a container gets at this process's memory; PR_SET_DUMPABLE.</summary>
    public static void ForbidDumps() => Syscall.Check(Libc.prctl_value(Libc.PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");

    /// <summary>Orphaned descendants become children of this process; PR_SET_CHILD_SUBREAPER.</summary>
    public static void AdoptOrphans() => Syscall.Check(Libc.prctl_value(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER");

    /// <summary>A child inherits this through execve(2); whoever makes one resets it.</summary>
    public static void Ignore(int signal)
    {
        if (Libc.signal_action(signal, Libc.SIG_IGN) == -1)
        {
            throw new ErrnoException(Syscall.LastErrno, "signal");
        }
    }

    /// <summary>Closes every descriptor above the standard ones except one; close_range(2).</summary>
    public static void CloseInheritedExcept(int kept)
    {
        if (kept > 3)
        {
            Syscall.Check(Libc.close_range_of(Libc.SYS_close_range, 3, (uint)kept - 1, 0), "close_range");
        }

        Syscall.Check(Libc.close_range_of(Libc.SYS_close_range, (uint)Math.Max(kept + 1, 3), uint.MaxValue, 0), "close_range");
    }

    /// <summary>Takes over a descriptor that this process was started with.</summary>
    /// <exception cref="ErrnoException">EBADF: there is none of this number.</exception>
    public static SafeFileHandle Adopt(int fd)
    {
        Syscall.Check(Libc.fcntl_int(fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */), "fcntl F_SETFD", fd.ToString());
        return new SafeFileHandle(fd, ownsHandle: true);
    }
}
