namespace Berth.Shared.Linux;

/// <summary>Owners and flags of files and descriptors.</summary>
public static class Files
{
    /// <summary>Gives a file another owner, group or both; follows a symbolic link; chown(2).</summary>
    /// <param name="uid">Null: unchanged.</param>
    /// <param name="gid">Null: unchanged.</param>
    /// <exception cref="ErrnoException">ENOENT: no such file. EPERM: only root may.</exception>
    public static void SetOwner(string path, uint? uid, uint? gid)
        => Syscall.Check(Libc.chown_path(path, uid ?? uint.MaxValue, gid ?? uint.MaxValue), "chown", path);

    /// <summary>Marks an inherited descriptor so that no program started from here gets it; fcntl(2), F_SETFD.</summary>
    /// <exception cref="ErrnoException">EBADF: no such descriptor.</exception>
    public static void SetCloseOnExec(int descriptor)
        => Syscall.Check(Libc.fcntl_int(descriptor, Libc.F_SETFD, Libc.FD_CLOEXEC), "fcntl");
}
