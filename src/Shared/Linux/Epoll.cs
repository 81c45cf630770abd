using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>EPOLLIN and the like; epoll_ctl(2).</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0, In = 1, Priority = 2, Out = 4, Error = 8, HangUp = 0x10, ReadHangUp = 0x2000,
}

/// <summary>A set of descriptors to wait for; epoll(7), level-triggered.</summary>
public sealed unsafe class Epoll : IDisposable
{
    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int recordSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly SafeFileHandle handle = Syscall.CheckFd(Libc.epoll_create1(Libc.EPOLL_CLOEXEC), "epoll_create1");

    /// <exception cref="ErrnoException">EEXIST: it is in the set. EPERM: a descriptor that is always ready, such as a file's.</exception>
    public void Add(int fd, EpollEvents events, ulong data) => Control(Libc.EPOLL_CTL_ADD, fd, events, data);

    /// <exception cref="ErrnoException">ENOENT: it is not in the set.</exception>
    public void Change(int fd, EpollEvents events, ulong data) => Control(Libc.EPOLL_CTL_MOD, fd, events, data);

    /// <exception cref="ErrnoException">ENOENT: it is not in the set.</exception>
    public void Remove(int fd) => Control(Libc.EPOLL_CTL_DEL, fd, EpollEvents.None, 0);

    /// <summary>Waits until something is ready.</summary>
    /// <param name="ready">Filled from its beginning; at most 64 at once.</param>
    /// <returns>How many are ready; 0 after the time-out or a signal.</returns>
    public int Wait(Span<ReadyDescriptor> ready, int timeoutMilliseconds)
    {
        var most = Math.Min(ready.Length, 64);
        var records = stackalloc byte[64 * 16];
        var count = Libc.epoll_wait(handle.Fd(), records, most, timeoutMilliseconds);
        if (count < 0 && Syscall.LastErrno == Errno.EINTR)
        {
            return 0;
        }

        Syscall.Check(count, "epoll_wait");
        for (var i = 0; i < count; i++)
        {
            var record = records + (i * recordSize);
            ready[i] = new ReadyDescriptor(*(EpollEvents*)record, *(ulong*)(record + recordSize - sizeof(ulong)));
        }

        return count;
    }

    public void Dispose() => handle.Dispose();

    private void Control(int operation, int fd, EpollEvents events, ulong data)
    {
        var record = stackalloc byte[16];
        *(EpollEvents*)record = events;
        *(ulong*)(record + recordSize - sizeof(ulong)) = data;
        Syscall.Check(Libc.epoll_ctl(handle.Fd(), operation, fd, record), "epoll_ctl");
    }
}

/// <param name="Data">What the descriptor was added with.</param>
public readonly record struct ReadyDescriptor(EpollEvents Events, ulong Data);
