using System.Net.Sockets;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Attach;

/// <summary>Connections to the supervisors of running containers, each made for one request.</summary>
internal sealed class SupervisorAccess(ContainerPaths paths)
{
    /// <exception cref="EngineException">Conflict: its run is over, whether or not the record says so yet.</exception>
    public async Task<SupervisorConnection> ConnectAsync(string containerId, CancellationToken ct)
    {
        try
        {
            return await SupervisorConnection.ConnectAsync(paths.SupervisorSocket(containerId), ct);
        }
        catch (SocketException)
        {
            throw ContainerErrors.NotRunning(containerId);
        }
    }
}
