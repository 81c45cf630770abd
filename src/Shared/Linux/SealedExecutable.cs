using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// A program's bytes in memory that nobody can change any more. What runs from it can be reached by a container through /proc/PID/exe, and still not be
/// overwritten (CVE-2019-5736). Made once; each start shares its pages, and an upgrade of the file on disk does not matter to it.
/// </summary>
public sealed unsafe class SealedExecutable : IDisposable
{
    private SealedExecutable(SafeFileHandle handle) => Handle = handle;

    public SafeFileHandle Handle { get; }

    /// <summary>Valid in this process, and in a child of it up to its exec.</summary>
    public string Path => $"/proc/self/fd/{Handle.Fd()}";

    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="ErrnoException">ENOMEM, or no memory files here.</exception>
    public static SealedExecutable Create(string programPath)
    {
        using var program = File.OpenHandle(programPath);
        var copy = CreateMemoryFile(System.IO.Path.GetFileName(programPath));
        try
        {
            Copy(program, copy, programPath);
            Syscall.Check(
                Libc.fcntl_int(copy.Fd(), Libc.F_ADD_SEALS, Libc.F_SEAL_SEAL | Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_WRITE),
                "fcntl F_ADD_SEALS");
            return new SealedExecutable(copy);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>An empty file in memory that can be filled, sealed and executed; close-on-exec.</summary>
    /// <exception cref="ErrnoException">ENOMEM. EACCES: vm.memfd_noexec forbids it.</exception>
    public static SafeFileHandle CreateMemoryFile(string name)
    {
        var fd = Libc.memfd_create_named(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING | Libc.MFD_EXEC);
        if (fd < 0 && Syscall.LastErrno == Errno.EINVAL)
        {
            fd = Libc.memfd_create_named(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING); // before Linux 6.3 all were executable
        }

        return Syscall.CheckFd(fd, "memfd_create", name);
    }

    private static void Copy(SafeFileHandle from, SafeFileHandle to, string path)
    {
        var length = RandomAccess.GetLength(from);
        for (long offset = 0; offset < length;)
        {
            if (Syscall.Check(Libc.sendfile_at(to.Fd(), from.Fd(), &offset, (nuint)(length - offset)), "sendfile", path) == 0)
            {
                throw new IOException($"{path} became shorter while it was read");
            }
        }
    }

    public void Dispose() => Handle.Dispose();
}
