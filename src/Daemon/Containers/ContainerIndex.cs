using System.Buffers;
using System.Collections.Concurrent;

namespace Berth.Daemon.Containers;

/// <summary>All containers in memory, found by id, unique beginning of an id, or name; reading takes no lock.</summary>
internal sealed class ContainerIndex
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly ConcurrentDictionary<string, ContainerCell> _byId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _idsByName = new(StringComparer.Ordinal);

    public int Count => _byId.Count;

    public IEnumerable<ContainerCell> All => _byId.Values;

    /// <summary>By whole id, name (with or without a leading slash), or beginning of an id, in this order.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">NotFound; InvalidArgument: several ids begin so.</exception>
    public ContainerCell Resolve(string idOrName) => Find(idOrName) ?? throw ContainerErrors.NotFound(idOrName);

    /// <inheritdoc cref="Resolve"/>
    public ContainerCell? Find(string idOrName)
    {
        if (_byId.TryGetValue(idOrName, out var exact))
        {
            return exact;
        }

        var name = idOrName.StartsWith('/') ? idOrName[1..] : idOrName;
        if (_idsByName.TryGetValue(name, out var id))
        {
            return _byId.GetValueOrDefault(id);
        }

        return name.Length is > 0 and < 64 && name.AsSpan().IndexOfAnyExcept(HexDigits) < 0 ? FindByPrefix(name) : null;
    }

    /// <summary>Whose the name is; null when it is free.</summary>
    public string? OwnerOf(string name) => _idsByName.GetValueOrDefault(name);

    /// <summary>Takes a name before the record that carries it is on disk.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">Conflict: the name is taken.</exception>
    public void Reserve(string name, string id)
    {
        var owner = _idsByName.GetOrAdd(name, id);
        if (owner != id)
        {
            throw ContainerErrors.NameTaken(name, owner);
        }
    }

    /// <summary>Gives a name back, if it is that container's.</summary>
    public void Release(string name, string id) => _idsByName.TryRemove(KeyValuePair.Create(name, id));

    public void Add(ContainerCell cell)
    {
        _idsByName[cell.Record.Name] = cell.Id;
        _byId[cell.Id] = cell;
    }

    public void Remove(ContainerCell cell)
    {
        _byId.TryRemove(cell.Id, out _);
        Release(cell.Record.Name, cell.Id);
    }

    private ContainerCell? FindByPrefix(string prefix)
    {
        ContainerCell? found = null;
        foreach (var (id, cell) in _byId)
        {
            if (id.StartsWith(prefix, StringComparison.Ordinal))
            {
                found = found is null ? cell : throw ContainerErrors.Ambiguous(prefix);
            }
        }

        return found;
    }
}
