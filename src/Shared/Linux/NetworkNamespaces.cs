using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Network namespaces of single threads. A thread of the pool must never be left in a foreign one, so whoever calls
/// <see cref="Unshare"/> or <see cref="Enter"/> owns the thread it runs on.
/// </summary>
public static class NetworkNamespaces
{
    /// <summary>The namespace that the calling thread is in; it lives at least as long as the handle.</summary>
    public static SafeFileHandle OpenCurrent() => Open("/proc/thread-self/ns/net");

    /// <summary>The namespace of this process: that of its main thread.</summary>
    private static readonly Lazy<SafeFileHandle> OfThisProcess = new(static () => Open("/proc/self/ns/net"));

    /// <summary>Whether it is another than this process's.</summary>
    public static bool IsForeign(SafeFileHandle networkNamespace) => FileIdentity.Of(networkNamespace) != FileIdentity.Of(OfThisProcess.Value);

    /// <summary>
    /// Does something in the process's own namespace on a thread that is in a foreign one: whatever may make threads, such as completing a task. A
    /// thread is born in its maker's namespace and stays there, and one of the pool would do everybody's work there from then on.
    /// </summary>
    /// <param name="foreign">Where the thread is, and is afterwards.</param>
    public static void DoAtHome(SafeFileHandle foreign, Action action)
    {
        Enter(OfThisProcess.Value);
        try
        {
            action();
        }
        finally
        {
            Enter(foreign);
        }
    }

    /// <summary>The namespace of a process.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    public static SafeFileHandle OpenOf(int processId) => Open($"/proc/{processId}/ns/net");

    /// <summary>Opens a namespace by a path that stands for it, such as a mount below /run/netns. The descriptor is close-on-exec.</summary>
    public static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    /// <summary>Moves the calling thread into a new, empty network namespace; unshare(2).</summary>
    /// <exception cref="ErrnoException">EPERM: no CAP_SYS_ADMIN. ENOSPC: the limit /proc/sys/user/max_net_namespaces is reached.</exception>
    public static void Unshare() => Syscall.Check(Libc.unshare_thread(Libc.CLONE_NEWNET_FLAG), "unshare", "CLONE_NEWNET");

    /// <summary>Moves the calling thread into a network namespace; setns(2).</summary>
    /// <exception cref="ErrnoException">EPERM: no CAP_SYS_ADMIN. EINVAL: the handle is not a network namespace.</exception>
    public static void Enter(SafeFileHandle networkNamespace)
        => Syscall.Check(Libc.setns_thread(networkNamespace.Fd(), Libc.CLONE_NEWNET_FLAG), "setns", "CLONE_NEWNET");
}
