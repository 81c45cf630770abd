using System.Collections.Concurrent;
using Berth.Daemon.Containers.Queries;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Exec;

/// <summary>
/// All execs, kept until their container goes. The containers feature tells it what supervisors tell: exits of execs, the state
/// when one is met again after a restart of the daemon, the end of a run, the removal of a container.
/// </summary>
internal sealed class ExecRegistry : IRunningExecs
{
    private readonly ExecStore store;
    private readonly ConcurrentDictionary<string, ExecCell> cells = new(StringComparer.Ordinal);

    public ExecRegistry(ExecStore store)
    {
        this.store = store;
        foreach (var record in store.All())
        {
            cells[record.Id] = new ExecCell(record, store);
        }
    }

    /// <summary>Raised with the record of an exec that has just exited.</summary>
    public event Action<ExecRecord>? ProcessExited;

    public ExecCell Add(ExecRecord record)
    {
        store.Save(record);
        return cells[record.Id] = new ExecCell(record, store);
    }

    /// <exception cref="Shared.Errors.EngineException">NotFound.</exception>
    public ExecCell Resolve(string id) => cells.GetValueOrDefault(id) ?? throw ExecErrors.NotFound(id);

    /// <summary>Containers that have execs.</summary>
    public IReadOnlyCollection<string> ContainerIds => [.. cells.Values.Select(cell => cell.Record.ContainerId).Distinct()];

    /// <summary>Ids of a container's execs that are not over, for its inspection.</summary>
    public IReadOnlyList<string> IdsOf(string containerId)
        => [.. Of(containerId).Where(cell => cell.Record.State is not ExecState.Exited).Select(cell => cell.Record.Id)];

    /// <summary>A supervisor told of an exec's exit. Unknown ids (of a daemon before this one) are fine.</summary>
    public void Exited(string execId, int exitCode)
    {
        if (cells.TryGetValue(execId, out var cell)
            && cell.Change(record => record.State is ExecState.Starting or ExecState.Running ? record.Exited(exitCode) : record))
        {
            ProcessExited?.Invoke(cell.Record);
        }
    }

    /// <summary>A supervisor was met again: what ended meanwhile is taken in, and what neither runs nor ended there is over.</summary>
    public void Restore(SupervisorState state)
    {
        foreach (var exit in state.ExecExits)
        {
            Exited(exit.ExecId, exit.ExitCode);
        }

        var running = state.Execs.Select(exec => exec.ExecId).ToHashSet(StringComparer.Ordinal);
        foreach (var cell in Of(state.ContainerId).Where(cell => !running.Contains(cell.Record.Id)))
        {
            Exited(cell.Record.Id, LostExitCode);
        }
    }

    /// <summary>The container's run is over, and every exec with it.</summary>
    public void RunEnded(string containerId)
    {
        foreach (var cell in Of(containerId))
        {
            Exited(cell.Record.Id, LostExitCode);
        }
    }

    public void ContainerRemoved(string containerId)
    {
        var removed = Of(containerId).ToList();
        if (removed.Count == 0)
        {
            return;
        }

        store.DeleteOf(containerId);
        removed.ForEach(cell => cells.TryRemove(cell.Record.Id, out _));
    }

    /// <summary>Of a process that was killed with its container: 128 and SIGKILL's number.</summary>
    private const int LostExitCode = 137;

    private IEnumerable<ExecCell> Of(string containerId) => cells.Values.Where(cell => cell.Record.ContainerId == containerId);
}
