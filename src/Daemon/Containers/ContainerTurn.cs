namespace Berth.Daemon.Containers;

/// <summary>The right to change one container, held by one caller at a time; disposing gives it back.</summary>
internal sealed class ContainerTurn(ContainerCell cell) : IDisposable
{
    private bool _left;

    public ContainerCell Cell => cell;

    public ContainerRecord Record => cell.Record;

    /// <summary>Notes on disk that a step with effects elsewhere begins; the next <see cref="Save"/> of a transition clears it.</summary>
    public void Intend(string intent) => Save(Record with { Intent = intent });

    /// <summary>Replaces the record: on disk first, then in memory.</summary>
    public void Save(ContainerRecord next)
    {
        ObjectDisposedException.ThrowIf(_left, this);
        cell.Save(next);
    }

    /// <summary>As <see cref="Save"/>, for a change of what the user asked for; the state is not touched.</summary>
    public void SaveConfiguration(ContainerRecord next)
    {
        ObjectDisposedException.ThrowIf(_left, this);
        cell.SaveConfiguration(next);
    }

    public void Dispose()
    {
        if (!_left)
        {
            _left = true;
            cell.Leave();
        }
    }
}
