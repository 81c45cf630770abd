using System.Threading.Channels;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Events;

/// <summary>Tells what happens in the engine: to those who listen now, and to those who ask later what happened since.</summary>
internal sealed class EventService
{
    private const int RingSize = 256;

    /// <summary>A subscriber that is further behind is cut off: it then knows that it missed something.</summary>
    private const int QueueSize = 1024;

    private static readonly Dictionary<string, string> NoAttributes = [];

    private readonly EventStore store;
    private readonly TimeProvider clock;
    private readonly Lock publishing = new();
    private readonly Queue<EngineEvent> ring = new(RingSize);
    private readonly Channel<EngineEvent> unsaved = Channel.CreateUnbounded<EngineEvent>(new UnboundedChannelOptions { SingleReader = true });
    private Channel<EngineEvent>[] subscribers = [];
    private long lastTime;

    public EventService(EventStore store, TimeProvider clock)
    {
        this.store = store;
        this.clock = clock;
        foreach (var past in store.Newest(RingSize))
        {
            ring.Enqueue(past);
            lastTime = past.TimeNano;
        }
    }

    public int SubscriberCount => Volatile.Read(ref subscribers).Length;

    /// <summary>What <see cref="EventWriter"/> has yet to save.</summary>
    public ChannelReader<EngineEvent> Unsaved => unsaved.Reader;

    /// <summary>Call this after the change is saved: an event never tells of something that may still fail. Never waits.</summary>
    public void Publish(string type, string action, string actorId, IReadOnlyDictionary<string, string>? attributes = null)
    {
        lock (publishing)
        {
            // Two events never carry the same time, or a client that goes on "since" the last one it saw would miss or repeat some.
            lastTime = Math.Max(lastTime + 1, ApiTime.UnixNanoseconds(clock.GetUtcNow()));
            var happened = new EngineEvent(type, action, actorId, attributes ?? NoAttributes, lastTime);
            if (ring.Count == RingSize)
            {
                ring.Dequeue();
            }

            ring.Enqueue(happened);
            unsaved.Writer.TryWrite(happened);
            foreach (var subscriber in subscribers)
            {
                if (!subscriber.Writer.TryWrite(happened))
                {
                    subscriber.Writer.TryComplete();
                }
            }
        }
    }

    /// <summary>Subscribes, and takes what happened from <paramref name="sinceNano"/> until now, without a gap or a repetition between the two.</summary>
    /// <param name="sinceNano">Null: nothing of the past.</param>
    public EventSubscription Subscribe(long? sinceNano)
    {
        var queue = Channel.CreateBounded<EngineEvent>(new BoundedChannelOptions(QueueSize) { SingleReader = true });
        EngineEvent[] recent;
        lock (publishing)
        {
            subscribers = [.. subscribers, queue];
            recent = [.. ring];
        }

        return new EventSubscription(this, queue, sinceNano is { } since ? Past(since, recent) : []);
    }

    /// <summary>What happened from a time until now.</summary>
    public IReadOnlyList<EngineEvent> Past(long sinceNano)
    {
        EngineEvent[] recent;
        lock (publishing)
        {
            recent = [.. ring];
        }

        return Past(sinceNano, recent);
    }

    internal void Unsubscribe(Channel<EngineEvent> queue)
    {
        lock (publishing)
        {
            subscribers = [.. subscribers.Where(subscriber => subscriber != queue)];
        }
    }

    private List<EngineEvent> Past(long sinceNano, EngineEvent[] recent)
    {
        var past = new List<EngineEvent>();
        if (recent.Length == RingSize && sinceNano < recent[0].TimeNano)
        {
            past.AddRange(store.Between(sinceNano, recent[0].TimeNano));
        }

        past.AddRange(recent.Where(happened => happened.TimeNano >= sinceNano));
        return past;
    }
}
