using System.IO.Pipelines;
using System.Text.Json;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Events;

internal static class EventEndpoints
{
    public static void MapEvents(this RouteGroupBuilder api) => api.MapGet("/events", StreamAsync);

    private static async Task StreamAsync(HttpContext context, EventService events, TimeProvider clock, CancellationToken ct)
    {
        var query = context.Request.Query;
        var since = ApiTime.ParseNanoseconds(query, "since");
        var until = ApiTime.ParseNanoseconds(query, "until");
        if (since > until)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"`since` time ({query["since"]}) cannot be after `until` time ({query["until"]})");
        }

        var filter = EventFilter.Parse(query);
        using var subscription = events.Subscribe(since ?? (until is null ? null : 0));

        // Flushed before anything happens: the client waits for the headers.
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(ct);
        await context.Response.BodyWriter.FlushAsync(ct);

        var output = context.Response.BodyWriter;
        foreach (var happened in subscription.Past)
        {
            if (!(happened.TimeNano > until) && filter.Allows(happened))
            {
                Write(output, happened);
            }
        }

        await output.FlushAsync(ct);
        await FollowAsync(subscription, filter, until, output, clock, ct);
    }

    private static async Task FollowAsync(EventSubscription subscription, EventFilter filter, long? until, PipeWriter output, TimeProvider clock, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (until is { } time)
        {
            var left = (time - ApiTime.UnixNanoseconds(clock.GetUtcNow())) / 1_000_000;
            if (left <= 0)
            {
                return;
            }

            using var timer = clock.CreateTimer(static end => ((CancellationTokenSource)end!).Cancel(), end, TimeSpan.FromMilliseconds(Math.Min(left, int.MaxValue)), Timeout.InfiniteTimeSpan);
            await CopyAsync(subscription, filter, until, output, end.Token, ct);
            return;
        }

        await CopyAsync(subscription, filter, until, output, end.Token, ct);
    }

    private static async Task CopyAsync(EventSubscription subscription, EventFilter filter, long? until, PipeWriter output, CancellationToken end, CancellationToken ct)
    {
        try
        {
            while (await subscription.Events.WaitToReadAsync(end))
            {
                while (subscription.Events.TryRead(out var happened))
                {
                    if (!(happened.TimeNano > until) && filter.Allows(happened))
                    {
                        Write(output, happened);
                    }
                }

                await output.FlushAsync(ct);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            // The time that the client asked for is over.
        }
    }

    private static void Write(PipeWriter output, EngineEvent happened)
    {
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            JsonSerializer.Serialize(json, Message(happened), ApiJson.Wire.EventMessage);
        }

        output.Write("\n"u8);
    }

    /// <summary>The wire form; container and image events carry the fields of API versions before 1.22 too, which many clients still read.</summary>
    internal static EventMessage Message(EngineEvent happened)
    {
        var legacy = happened.Type is EventType.Container or EventType.Image;
        return new EventMessage
        {
            Status = legacy ? happened.Action : null,
            Id = legacy ? happened.ActorId : null,
            From = happened.Type == EventType.Container ? happened.Attributes.GetValueOrDefault("image") : null,
            Type = happened.Type,
            Action = happened.Action,
            Actor = new EventActor { ID = happened.ActorId, Attributes = new Dictionary<string, string>(happened.Attributes) },
            Scope = "local",
            Time = happened.TimeNano / 1_000_000_000,
            TimeNano = happened.TimeNano,
        };
    }

    private static void Write(this PipeWriter output, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(output.GetSpan(bytes.Length));
        output.Advance(bytes.Length);
    }
}
