using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// Is told of containers that come to networks and leave them; <see cref="NetworkService.EndpointsOf"/> says what holds now. Calls
/// for one container come one after the other; those for different containers come from any thread at once. None holds a lock
/// of the service's, so the observer may ask it back.
/// </summary>
internal interface INetworkObserver
{
    /// <summary>
    /// A container's namespace has its interfaces, and no process yet: the container starts when this has ended, and not at all if it
    /// fails. After a restart of the daemon, the same for every container that runs on, before the API answers.
    /// </summary>
    Task AttachedAsync(AttachedSandbox sandbox, CancellationToken ct);

    /// <summary>
    /// A running container was connected to a network or disconnected from one, and has its interfaces and addresses as they are now: to be
    /// awaited before the client is answered, since the container's files follow. It logs what it can't do, and does not throw.
    /// </summary>
    Task NetworksChangedAsync(AttachedSandbox sandbox, CancellationToken ct);

    /// <summary>A container has come to the network, left it, or has another name.</summary>
    void EndpointsChanged(string networkId);

    /// <summary>The container has ended, or could not start: its namespace must be let go now.</summary>
    Task ReleasedAsync(string containerId);
}

/// <summary>A container's network namespace, in which sockets can be opened by a thread that enters it.</summary>
/// <param name="Namespace">Stays the caller's: valid until the call has ended. A socket opened inside keeps the namespace, with all its interfaces.</param>
/// <param name="Networks">In the order of its interfaces; host mode and shared namespaces never get here.</param>
internal sealed record AttachedSandbox(string ContainerId, SafeFileHandle Namespace, IReadOnlyList<NetworkRecord> Networks);
