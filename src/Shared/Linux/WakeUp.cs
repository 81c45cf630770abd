using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Ends an event loop's wait from another thread; eventfd(2). Put <see cref="Handle"/> into its set.</summary>
public sealed class WakeUp : IDisposable
{
    private const int CloseOnExec = 0x80000, NonBlock = 0x800;

    public SafeFileHandle Handle { get; } = Syscall.CheckFd(Libc.eventfd(0, CloseOnExec | NonBlock), "eventfd");

    public void Signal()
    {
        ReadOnlySpan<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        _ = NonBlocking.Write(Handle, one); // full means that it is signalled already
    }

    /// <summary>To be called before looking at what there is to do, so that no signal is lost.</summary>
    public void Clear()
    {
        Span<byte> count = stackalloc byte[8];
        _ = NonBlocking.Read(Handle, count);
    }

    public void Dispose() => Handle.Dispose();
}
