using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks.Names;

/// <summary>
/// Answers the containers' questions for names at 127.0.0.11 of each. One thread serves them all; another makes the
/// sockets, since that takes a moment for each container.
/// </summary>
internal sealed class NameServer : IDisposable
{
    private const int MostForwarded = 4096;

    private readonly SafeFileHandle _home;
    private readonly NetworkThread _openings;
    private readonly Dictionary<string, NameClient> _clients = new(StringComparer.Ordinal); // the loop's

    /// <param name="home">The host's namespace; stays the caller's.</param>
    /// <param name="resolvConf">Names the servers that the host asks.</param>
    public NameServer(SafeFileHandle home, NameTable table, ILogger log, string resolvConf = ResolverConfiguration.HostFile)
    {
        _home = home;
        HostResolvers = new HostResolvers(resolvConf);
        Answers = new NameAnswers(table);
        _openings = new NetworkThread("name sockets", home);
        Loop = new NameLoop(home, log);
    }

    public NameLoop Loop { get; }

    public NameAnswers Answers { get; }

    public HostResolvers HostResolvers { get; }

    public ServerHealth Health { get; } = new();

    /// <summary>Questions of all containers that are with other servers now; the loop's.</summary>
    public int Forwarded { get; set; }

    public bool MayForward => Forwarded < MostForwarded;

    /// <summary>Begins to answer a container; what was open for it before is replaced.</summary>
    /// <param name="networkNamespace">The container's, with lo up; the caller's again when this has ended.</param>
    /// <exception cref="ErrnoException">The kernel refuses the sockets, or the table.</exception>
    public async Task OpenAsync(NameScope scope, SafeFileHandle networkNamespace)
    {
        var (udp, tcp) = await _openings.RunAsync(() => OpenSockets(networkNamespace));
        await Loop.RunAsync(() =>
        {
            Remove(scope.ContainerId);
            _clients.Add(scope.ContainerId, new NameClient(this, scope, udp, tcp));
        });
    }

    /// <summary>Follows a change of the container's networks.</summary>
    /// <returns>False when the container has no name server yet.</returns>
    public async Task<bool> UpdateAsync(NameScope scope)
    {
        var found = false;
        await Loop.RunAsync(() =>
        {
            if (_clients.TryGetValue(scope.ContainerId, out var client))
            {
                client.Scope = scope;
                found = true;
            }
        });
        return found;
    }

    /// <summary>Closes a container's sockets, which would keep its namespace alive. Does nothing for one that has none.</summary>
    public Task CloseAsync(string containerId) => Loop.RunAsync(() => Remove(containerId));

    public void Dispose()
    {
        _openings.Dispose();
        Loop.Dispose();
    }

    private void Remove(string containerId)
    {
        if (_clients.Remove(containerId, out var client))
        {
            client.Close();
        }
    }

    private (SafeFileHandle Udp, SafeFileHandle Tcp) OpenSockets(SafeFileHandle networkNamespace)
    {
        NetworkNamespaces.Enter(networkNamespace);
        SafeFileHandle? udp = null, tcp = null;
        try
        {
            (udp, var udpPort) = InetSockets.Bind(ResolverRedirect.Address, stream: false);
            (tcp, var tcpPort) = InetSockets.Bind(ResolverRedirect.Address, stream: true);
            ResolverRedirect.Apply(udpPort, tcpPort);
            return (udp, tcp);
        }
        catch
        {
            udp?.Dispose();
            tcp?.Dispose();
            throw;
        }
        finally
        {
            NetworkNamespaces.Enter(_home);
        }
    }
}
