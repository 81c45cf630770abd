using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Transfers for an event loop, where EAGAIN is daily business and no exception: each gives the bytes moved, or the error number negated.
/// EINTR is retried.
/// </summary>
public static unsafe class NonBlocking
{
    public const int WouldBlock = -(int)Errno.EAGAIN;

    /// <summary>read(2).</summary>
    /// <returns>0 at the end.</returns>
    public static int Read(SafeFileHandle from, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
            {
                count = Libc.read_bytes(from.Fd(), start, (nuint)buffer.Length);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);

            return Result(count);
        }
    }

    /// <summary>write(2) to a pipe or terminal in O_NONBLOCK.</summary>
    public static int Write(SafeFileHandle to, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint count;
            do
            {
                count = Libc.write_bytes(to.Fd(), start, (nuint)bytes.Length);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);

            return Result(count);
        }
    }

    /// <summary>recv(2), whether the socket blocks or not.</summary>
    /// <returns>0 at the end.</returns>
    public static int Receive(SafeFileHandle socket, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
            {
                count = Libc.recv_bytes(socket.Fd(), start, (nuint)buffer.Length, Libc.MSG_DONTWAIT);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);

            return Result(count);
        }
    }

    /// <summary>send(2), whether the socket blocks or not; a peer that has gone is -EPIPE, never a signal.</summary>
    public static int Send(SafeFileHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint count;
            do
            {
                count = Libc.send_bytes(socket.Fd(), start, (nuint)bytes.Length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);

            return Result(count);
        }
    }

    /// <summary>sendfile(2) to a socket in O_NONBLOCK; SIGPIPE must be ignored.</summary>
    public static int SendFile(SafeFileHandle socket, SafeFileHandle file, long offset, int count)
    {
        nint moved;
        do
        {
            var at = offset;
            moved = Libc.sendfile_at(socket.Fd(), file.Fd(), &at, (nuint)count);
        }
        while (moved < 0 && Syscall.LastErrno == Errno.EINTR);

        return Result(moved);
    }

    /// <summary>pwrite(2) to a file.</summary>
    /// <returns>Fewer than asked for when the file system is nearly full.</returns>
    public static int WriteAt(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* start = bytes)
        {
            nint count;
            do
            {
                count = Libc.pwrite_bytes(file.Fd(), start, (nuint)bytes.Length, offset);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);

            return Result(count);
        }
    }

    private static int Result(nint count) => count >= 0 ? (int)count : -(int)Syscall.LastErrno;
}
