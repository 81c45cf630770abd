using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.SystemInfo;
using Berth.Shared.Api;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Top;

/// <summary>Lists the processes of running containers.</summary>
internal sealed class TopService(ContainerIndex containers, ContainerLifecycle lifecycle, ContainerEvents events, TimeProvider clock)
{
    /// <param name="arguments">As for ps(1); null: -ef.</param>
    /// <exception cref="Shared.Errors.EngineException">NotFound; Conflict: not running; InvalidArgument: the arguments.</exception>
    public ContainerTopResponse List(string idOrName, string? arguments)
    {
        var columns = PsArguments.Parse(arguments);
        var container = containers.Resolve(idOrName).Record;
        switch (container.State)
        {
            case ContainerState.Restarting:
                throw ContainerErrors.IsRestarting(container.Id);
            case not (ContainerState.Running or ContainerState.Paused):
                throw ContainerErrors.NotRunning(container.Id);
        }

        var host = new PsHost(clock.GetLocalNow(), HostFacts.MemoryBytes);
        var bootTime = ProcessFacts.ReadBootTime().ToOffset(host.Now.Offset);
        var processes = Pids(container).Order().Select(pid => ProcessFacts.Read(pid, bootTime)).OfType<ProcessFacts>();
        var rows = processes.Select(process => columns.Select(column => column.Value(process, host)).ToList()).ToList();
        events.Publish("top", container);
        return new ContainerTopResponse { Titles = [.. columns.Select(column => column.Title)], Processes = rows };
    }

    private IReadOnlyList<int> Pids(ContainerRecord container)
    {
        try
        {
            return lifecycle.Cgroup(container).Processes();
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            throw ContainerErrors.NotRunning(container.Id);
        }
    }
}
