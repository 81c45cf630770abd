using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Unix stream sockets for programs without System.Net; unix(7).</summary>
public static unsafe class UnixSockets
{
    private const int PathMax = 108, AddressMax = 2 + PathMax;

    /// <summary>A socket that listens at the path, whose directory may be of any depth.</summary>
    /// <exception cref="ErrnoException">EADDRINUSE: something is there already.</exception>
    public static SafeFileHandle Listen(string path)
    {
        var socket = NewSocket();
        try
        {
            WithAddress(path, (address, length) => Syscall.Check(KernelCall.Invoke(SyscallNumber.Bind, socket.Fd(), address, length), "bind", path));
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Listen, socket.Fd(), 1), "listen", path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="ErrnoException">ENOENT. ECONNREFUSED: nobody listens there any more.</exception>
    public static SafeFileHandle Connect(string path)
    {
        var socket = NewSocket();
        try
        {
            WithAddress(path, (address, length) => Syscall.Check(KernelCall.Invoke(SyscallNumber.Connect, socket.Fd(), address, length), "connect", path));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a descriptor and the bytes beside it; SCM_RIGHTS.</summary>
    public static void SendDescriptor(SafeFileHandle socket, SafeFileHandle descriptor, ReadOnlySpan<byte> beside)
    {
        const int solSocket = 1, rights = 1, controlSize = 24;
        fixed (byte* bytes = beside)
        {
            var vector = stackalloc nint[2];
            (vector[0], vector[1]) = ((nint)bytes, beside.Length);
            var control = stackalloc byte[controlSize]; // struct cmsghdr, one int, padding
            new Span<byte>(control, controlSize).Clear();
            *(nint*)control = 20;
            *(int*)(control + 8) = solSocket;
            *(int*)(control + 12) = rights;
            *(int*)(control + 16) = descriptor.Fd();
            var message = stackalloc nint[7]; // struct msghdr on 64-bit machines
            (message[0], message[1], message[2], message[3], message[4], message[5], message[6]) = (0, 0, (nint)vector, 1, (nint)control, controlSize, 0);
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Sendmsg, socket.Fd(), (nint)message, 0x4000), "sendmsg");
        }
    }

    private static SafeFileHandle NewSocket() => Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Socket, 1, 1 | OpenFlags.CloseOnExec), "socket");

    /// <summary>A path that is too long for an address goes by way of its directory's descriptor.</summary>
    private static void WithAddress(string path, Action<nint, nint> use)
    {
        SafeFileHandle? directory = null;
        var shortPath = path;
        if (Encoding.UTF8.GetByteCount(path) >= PathMax)
        {
            directory = FilesAt.Open(Path.GetDirectoryName(path)!, OpenFlags.PathOnly | OpenFlags.Directory);
            shortPath = $"/proc/self/fd/{directory.Fd()}/{Path.GetFileName(path)}";
        }

        using (directory)
        {
            var length = Encoding.UTF8.GetByteCount(shortPath);
            if (length >= PathMax)
            {
                throw new ErrnoException(Errno.ENAMETOOLONG, "socket address", path);
            }

            var address = stackalloc byte[AddressMax];
            new Span<byte>(address, AddressMax).Clear();
            address[0] = 1; // AF_UNIX
            Encoding.UTF8.GetBytes(shortPath, new Span<byte>(address + 2, PathMax));
            use((nint)address, 2 + length + 1);
        }
    }
}
