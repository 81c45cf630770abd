using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Waiting for one descriptor, for programs without an event loop; poll(2).</summary>
public static class Waiting
{
    /// <param name="timeout">Null: for ever.</param>
    /// <returns>False when the time passed.</returns>
    public static bool ForInput(SafeFileHandle descriptor, TimeSpan? timeout = null) => For(descriptor, Libc.POLLIN, timeout);

    /// <inheritdoc cref="ForInput"/>
    public static bool ForOutput(SafeFileHandle descriptor, TimeSpan? timeout = null) => For(descriptor, Libc.POLLOUT, timeout);

    private static bool For(SafeFileHandle descriptor, short events, TimeSpan? timeout)
    {
        var deadline = timeout is { } span ? Environment.TickCount64 + (long)span.TotalMilliseconds : long.MaxValue;
        while (true)
        {
            var left = timeout is null ? -1 : (int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue);
            var wanted = new Libc.PollDescriptor { Fd = descriptor.Fd(), Events = events };
            var ready = Libc.poll_one(ref wanted, 1, left);
            if (ready > 0)
            {
                return true;
            }

            if (ready < 0 && Syscall.LastErrno != Errno.EINTR)
            {
                throw new ErrnoException(Syscall.LastErrno, "poll");
            }

            if (ready == 0)
            {
                return false;
            }
        }
    }

    /// <summary>Waits for any of the descriptors, for ever.</summary>
    /// <param name="descriptors">Null ones are never ready.</param>
    /// <returns>For each whether it is readable, at its end, or in error.</returns>
    public static unsafe bool[] ForAnyInput(params ReadOnlySpan<SafeFileHandle?> descriptors)
    {
        var wanted = stackalloc Libc.PollDescriptor[descriptors.Length];
        for (var i = 0; i < descriptors.Length; i++)
        {
            wanted[i] = new Libc.PollDescriptor { Fd = descriptors[i]?.Fd() ?? -1, Events = Libc.POLLIN };
        }

        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ppoll, (nint)wanted, descriptors.Length, 0, 0, SignalDispositions.SetSize), "poll");
        var ready = new bool[descriptors.Length];
        for (var i = 0; i < ready.Length; i++)
        {
            ready[i] = wanted[i].Returned != 0;
        }

        return ready;
    }
}
