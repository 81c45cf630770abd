using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Tests.Events;

public sealed class EventServiceTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("berth-test-").FullName;
    private readonly Database database;
    private readonly EventStore store;

    public EventServiceTests()
    {
        database = Database.Open(Path.Combine(directory, "db"), [new EventMigrations()]);
        store = new EventStore(database);
    }

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Publish_ToSubscriber_ArrivesInOrder()
    {
        var events = new EventService(store, TimeProvider.System);
        using var subscription = events.Subscribe(sinceNano: null);

        events.Publish(EventType.Container, "create", "1");
        events.Publish(EventType.Container, "start", "1");

        Assert.True(subscription.Events.TryRead(out var first));
        Assert.True(subscription.Events.TryRead(out var second));
        Assert.Equal(("create", "start"), (first.Action, second.Action));
        Assert.True(first.TimeNano < second.TimeNano);
        Assert.Empty(subscription.Past);
    }

    [Fact]
    public void Subscribe_Since_GivesPastThenFuture()
    {
        var events = new EventService(store, TimeProvider.System);
        events.Publish(EventType.Container, "create", "1");
        events.Publish(EventType.Container, "start", "1");
        var since = events.Past(0)[1].TimeNano;

        using var subscription = events.Subscribe(since);
        events.Publish(EventType.Container, "die", "1");

        Assert.Equal("start", Assert.Single(subscription.Past).Action);
        Assert.True(subscription.Events.TryRead(out var next));
        Assert.Equal("die", next.Action);
    }

    [Fact]
    public void Subscriber_FarBehind_IsCutOff()
    {
        var events = new EventService(store, TimeProvider.System);
        using var subscription = events.Subscribe(sinceNano: null);

        for (var i = 0; i < 1025; i++)
        {
            events.Publish(EventType.Image, "tag", "x");
        }

        var count = 0;
        while (subscription.Events.TryRead(out _))
        {
            count++;
        }

        Assert.Equal(1024, count);
        Assert.True(subscription.Events.Completion.IsCompleted);
    }

    [Fact]
    public void History_AfterRestart_IsThere()
    {
        var events = new EventService(store, TimeProvider.System);
        for (var i = 0; i < 300; i++)
        {
            events.Publish(EventType.Container, $"a{i}", "1", new Dictionary<string, string> { ["name"] = "n" });
        }

        var saved = new List<EngineEvent>();
        while (events.Unsaved.TryRead(out var happened))
        {
            saved.Add(happened);
        }

        store.Add(saved);
        var after = new EventService(store, TimeProvider.System);
        after.Publish(EventType.Container, "new", "1");

        var past = after.Past(0);
        Assert.Equal(301, past.Count);
        Assert.Equal(("a0", "new"), (past[0].Action, past[^1].Action));
        Assert.Equal("n", past[0].Attributes["name"]);
    }

    [Theory]
    [InlineData("{\"type\":[\"container\"]}", true)]
    [InlineData("{\"type\":[\"image\"]}", false)]
    [InlineData("{\"event\":[\"exec_start\"]}", true)]
    [InlineData("{\"event\":[\"exec\"]}", false)]
    [InlineData("{\"container\":[\"web\"]}", true)]
    [InlineData("{\"container\":[\"0123\"]}", true)]
    [InlineData("{\"container\":[\"other\"]}", false)]
    [InlineData("{\"image\":[\"busybox\"]}", true)]
    [InlineData("{\"image\":[\"busybox:latest\"]}", true)]
    [InlineData("{\"image\":[\"alpine\"]}", false)]
    [InlineData("{\"label\":[\"tier=front\"]}", true)]
    [InlineData("{\"label\":[\"tier=back\"]}", false)]
    [InlineData("{\"network\":[\"bridge\"]}", false)]
    public void Filter_ContainerEvent_MatchesAsDockerDoes(string json, bool expected)
    {
        var filter = new EventFilter(Filters.Parse(json, "type", "event", "container", "image", "label", "network"));
        var happened = new EngineEvent("container", "exec_start: sh", "0123456789ab",
            new Dictionary<string, string> { ["name"] = "web", ["image"] = "busybox:latest", ["tier"] = "front" }, 1);

        Assert.Equal(expected, filter.Allows(happened));
    }
}
