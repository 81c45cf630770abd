using System.Threading.Channels;

namespace Berth.Daemon.Events;

/// <summary>One listener's place in the stream of events.</summary>
internal sealed class EventSubscription(EventService service, Channel<EngineEvent> queue, IReadOnlyList<EngineEvent> past) : IDisposable
{
    /// <summary>What happened before the subscription, as asked for.</summary>
    public IReadOnlyList<EngineEvent> Past => past;

    /// <summary>What happens from then on; completed when the listener has fallen too far behind.</summary>
    public ChannelReader<EngineEvent> Events => queue.Reader;

    public void Dispose() => service.Unsubscribe(queue);
}
