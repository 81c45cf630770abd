namespace Berth.Daemon.Containers;

/// <summary>Links between containers, written "container:alias" each.</summary>
internal static class ContainerLinks
{
    /// <summary>Reads a link; an alias that is not given is the container's name.</summary>
    /// <returns>Null when it can't be read.</returns>
    public static (string Container, string Alias)? Parse(string text)
    {
        var parts = text.Split(':');
        return parts switch
        {
            [{ Length: > 0 } container] => (container, container.TrimStart('/')),
            // Inspect shows "/container:/owner/alias", which clients send back.
            [{ Length: > 0 } container, var alias] when alias[(alias.LastIndexOf('/') + 1)..] is { Length: > 0 } last => (container, last),
            _ => null,
        };
    }

    /// <summary>The containers that links lead to, as far as there are any.</summary>
    public static IEnumerable<ContainerLink> Resolve(IEnumerable<string> links, ContainerIndex containers)
    {
        foreach (var text in links)
        {
            if (Parse(text) is { } link && containers.Find(link.Container)?.Record is { } container)
            {
                yield return new ContainerLink(container, link.Alias);
            }
        }
    }
}

/// <param name="Alias">What the container is called by the one that has the link.</param>
internal sealed record ContainerLink(ContainerRecord Container, string Alias)
{
    /// <summary>As a line of the hosts file has them.</summary>
    public string Names(string hostname) => Alias == Container.Name ? $"{Alias} {hostname}" : $"{Alias} {hostname} {Container.Name}";
}
