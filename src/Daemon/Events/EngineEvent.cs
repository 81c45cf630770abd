namespace Berth.Daemon.Events;

/// <summary>Something that happened, after it is true on disk.</summary>
/// <param name="Type">container, image, network, volume, daemon or builder.</param>
/// <param name="Action">What happened, in Docker's words: start, die, "exec_start: sh", ...</param>
/// <param name="ActorId">The object's id (an image's may be its name).</param>
/// <param name="Attributes">For a container: image, name, its labels, and what the action adds, such as exitCode.</param>
/// <param name="TimeNano">Nanoseconds since 1970; grows from event to event.</param>
internal sealed record EngineEvent(string Type, string Action, string ActorId, IReadOnlyDictionary<string, string> Attributes, long TimeNano);

/// <summary>The values of <see cref="EngineEvent.Type"/>.</summary>
internal static class EventType
{
    public const string Container = "container", Image = "image", Network = "network", Volume = "volume", Daemon = "daemon", Builder = "builder";
}
