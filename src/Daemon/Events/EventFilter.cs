using Berth.Daemon.Hosting;

namespace Berth.Daemon.Events;

/// <summary>Which events a client wants, by Docker's rules for the <c>filters</c> of /events.</summary>
internal sealed class EventFilter(Filters filters)
{
    private static readonly string[] Known =
    [
        "builder", "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type", "volume",
    ];

    public static EventFilter Parse(IQueryCollection query) => new(Filters.Parse(query, Known));

    public bool Allows(EngineEvent happened)
        => filters.Allows("event", wanted => IsAction(happened.Action, wanted))
            && filters.Allows("type", happened.Type)
            && filters.Allows("scope", "local")
            && filters.AllowsLabels(happened.Attributes)
            && AllowsObject("container", happened)
            && AllowsObject("network", happened)
            && AllowsObject("volume", happened)
            && AllowsObject("daemon", happened)
            && AllowsObject("plugin", happened)
            && AllowsObject("builder", happened)
            && AllowsObject("node", happened)
            && AllowsObject("service", happened)
            && AllowsObject("secret", happened)
            && AllowsObject("config", happened)
            && AllowsImage(happened);

    /// <summary>"exec_start" stands for every "exec_start: command".</summary>
    private static bool IsAction(string action, string wanted)
        => action == wanted || (action.Length > wanted.Length && action[wanted.Length] == ':' && action.StartsWith(wanted, StringComparison.Ordinal));

    private bool AllowsObject(string type, EngineEvent happened)
        => filters.Allows(type, wanted => happened.Type == type
            && (happened.ActorId.StartsWith(wanted, StringComparison.Ordinal)
                || (happened.Attributes.TryGetValue("name", out var name) && name.StartsWith(wanted, StringComparison.Ordinal))));

    /// <summary>An image's own events, and those of containers made from it; with or without the tag.</summary>
    private bool AllowsImage(EngineEvent happened)
        => filters.Allows("image", wanted =>
        {
            var name = happened.Attributes.GetValueOrDefault(happened.Type == EventType.Image ? "name" : "image", "");
            return happened.ActorId == wanted || name == wanted || WithoutTag(name) == wanted;
        });

    private static string WithoutTag(string name)
    {
        var at = name.IndexOf('@', StringComparison.Ordinal);
        var bare = at < 0 ? name : name[..at];
        var colon = bare.LastIndexOf(':');
        return colon > bare.LastIndexOf('/') ? bare[..colon] : bare;
    }
}
