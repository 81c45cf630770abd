using Berth.Daemon.Networks;
using Berth.Daemon.Networks.Names;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Keeps each running container's name service and /etc files in step with its networks.</summary>
internal sealed class ContainerNames : INetworkObserver, IDisposable
{
    private readonly ContainerIndex _containers;
    private readonly EtcFiles _etcFiles;
    private readonly ILogger<ContainerNames> _log;
    private readonly NameTable _table;
    private readonly SafeFileHandle _home = NetworkNamespaces.OpenCurrent();
    private readonly Lazy<NameServer> _server; // a daemon without user-defined networks has none

    public ContainerNames(ContainerIndex containers, NetworkService networks, EtcFiles etcFiles, ILogger<ContainerNames> log)
    {
        (_containers, _etcFiles, _log) = (containers, etcFiles, log);
        _table = new NameTable(networks.EndpointsOf);
        _server = new Lazy<NameServer>(() => new NameServer(_home, _table, log));
    }

    public async Task AttachedAsync(AttachedSandbox sandbox, CancellationToken ct)
    {
        if (HasNames(sandbox) && ScopeOf(sandbox) is { } scope)
        {
            await _server.Value.OpenAsync(scope, sandbox.Namespace);
        }
    }

    public async Task NetworksChangedAsync(AttachedSandbox sandbox, CancellationToken ct)
    {
        if (_containers.Find(sandbox.ContainerId)?.Record is not { } container || ScopeOf(sandbox) is not { } scope)
        {
            return;
        }

        try
        {
            var hadNames = _server.IsValueCreated && await _server.Value.UpdateAsync(scope);
            var comesToNames = !hadNames && HasNames(sandbox);
            if (comesToNames)
            {
                await _server.Value.OpenAsync(scope, sandbox.Namespace);
            }

            _etcFiles.Update(container, comesToNames);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or EngineException)
        {
            _log.NamesNotUpdated(sandbox.ContainerId, error.Message);
        }
    }

    public void EndpointsChanged(string networkId) => _table.Forget(networkId);

    public Task ReleasedAsync(string containerId) => _server.IsValueCreated ? _server.Value.CloseAsync(containerId) : Task.CompletedTask;

    public void Dispose()
    {
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }

        _home.Dispose();
    }

    private static bool HasNames(AttachedSandbox sandbox) => sandbox.Networks.Any(network => network.HasNames);

    private NameScope? ScopeOf(AttachedSandbox sandbox) => _containers.Find(sandbox.ContainerId)?.Record is { } container
        ? new NameScope(sandbox.ContainerId, sandbox.Networks, _etcFiles.NameSettings(container))
        : null;
}
