using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Keeps this program's file from being overwritten by way of /proc/PID/exe. A container can get its entry point to be "#!/proc/self/exe", and so this very
/// program, which its other processes may then open (CVE-2019-5736): whatever clones a process into a container must run from a file that can't be written.
/// </summary>
public static unsafe class SelfExecution
{
    private const string Self = "/proc/self/exe";
    private const ulong MountedReadOnly = 1; // ST_RDONLY

    /// <summary>Executes this program once more from a read-only copy of its mount, or, where that can't be made, of its bytes; returns when it is such a one already.</summary>
    /// <param name="arguments">Of this program, without its name.</param>
    /// <exception cref="ErrnoException">Neither can be made.</exception>
    public static void EnsureProtected(IReadOnlyList<string> arguments)
    {
        if (IsProtected())
        {
            return;
        }

        using var program = ReadOnlyMount() ?? SealedExecutable.Create(Self).Handle;
        var argv = (byte**)NativeMemory.AllocZeroed((nuint)((arguments.Count + 2) * sizeof(nint)));
        argv[0] = (byte*)Marshal.StringToCoTaskMemUTF8(Environment.GetCommandLineArgs()[0]);
        for (var i = 0; i < arguments.Count; i++)
        {
            argv[i + 1] = (byte*)Marshal.StringToCoTaskMemUTF8(arguments[i]);
        }

        fixed (byte* path = KernelCall.Z($"/proc/self/fd/{program.Fd()}"))
        {
            Syscall.Check(Libc.execv(path, argv), "execv", Self);
        }
    }

    private static bool IsProtected()
    {
        using var program = FilesAt.Open(Self, OpenFlags.ReadOnly);
        if ((FilesAt.MountFlags(program) & MountedReadOnly) != 0)
        {
            return true;
        }

        const int getSeals = 1034, sealShrink = 2, sealGrow = 4, sealWrite = 8;
        const int all = sealShrink | sealGrow | sealWrite;
        var seals = KernelCall.Invoke(SyscallNumber.Fcntl, program.Fd(), getSeals); // -1 for a file that isn't in memory
        return seals > 0 && (seals & all) == all;
    }

    /// <summary>Null where the kernel has no such mounts (Linux before 5.12), or doesn't let us.</summary>
    private static SafeFileHandle? ReadOnlyMount()
    {
        try
        {
            var mount = MountApi.CloneTree(Self, recursive: false);
            MountApi.SetAttributes(mount, MountAttributes.ReadOnly, 0, MountPropagation.Private, recursive: false, Self);
            return mount;
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOSYS or Errno.EPERM or Errno.EINVAL)
        {
            return null;
        }
    }
}
