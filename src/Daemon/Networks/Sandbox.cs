using Berth.Shared.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>A network namespace with nobody in it yet, and a way to configure it. Disposing of it gives it up, with all interfaces in it.</summary>
internal sealed class Sandbox(SafeFileHandle networkNamespace, Rtnetlink inside) : IDisposable
{
    public SafeFileHandle Namespace { get; } = networkNamespace;

    /// <summary>Speaks to the namespace from anywhere, since it was opened inside; holds it too.</summary>
    public Rtnetlink Inside { get; } = inside;

    /// <summary>The interface made ahead of time, for the default network; null when there is none.</summary>
    public SandboxLink? Ready { get; set; }

    /// <summary>Hands over the namespace, and ends the way to configure it.</summary>
    public SafeFileHandle Detach()
    {
        Inside.Dispose();
        return Namespace;
    }

    public void Dispose()
    {
        Inside.Dispose();
        Namespace.Dispose();
    }
}

/// <param name="HostName">Name of the end that is a port of the bridge.</param>
/// <param name="InnerIndex">Index of the end inside.</param>
internal sealed record SandboxLink(string HostName, int InnerIndex);
