using System.IO.Pipelines;
using System.Text.Json;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Stats;

internal static class StatsEndpoints
{
    public static void MapStats(this RouteGroupBuilder api) => api.MapGet("/containers/{id}/stats", StatsAsync);

    private static async Task StatsAsync(HttpContext context, string id, ContainerIndex containers, StatsService stats, CancellationToken ct)
    {
        var query = context.Request.Query;
        var stream = query.GetBool("stream", absent: true);
        var oneShot = query.GetBool("one-shot");
        if (stream && oneShot)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "cannot have stream=true and one-shot=true");
        }

        var container = containers.Resolve(id);
        context.Response.ContentType = "application/json";
        if (stream)
        {
            await StreamAsync(context.Response, container, stats, ct);
            return;
        }

        var sample = stats.Sample(container, previous: null);
        if (!oneShot && container.Record.IsLive)
        {
            await stats.PauseAsync(ct);
            sample = stats.Sample(container, sample);
        }

        Write(context.Response.BodyWriter, sample);
        await context.Response.BodyWriter.FlushAsync(ct);
    }

    /// <summary>Goes on through stops and restarts, until the client goes or the container is removed.</summary>
    private static async Task StreamAsync(HttpResponse response, ContainerCell container, StatsService stats, CancellationToken ct)
    {
        await response.StartAsync(ct);
        await response.BodyWriter.FlushAsync(ct);
        var previous = stats.Sample(container, previous: null);
        while (!container.Removed.IsCompleted)
        {
            Write(response.BodyWriter, previous);
            await response.BodyWriter.FlushAsync(ct);
            await Task.WhenAny(stats.PauseAsync(ct), container.Removed);
            ct.ThrowIfCancellationRequested();
            previous = stats.Sample(container, previous);
        }
    }

    private static void Write(PipeWriter output, ContainerStats sample)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            JsonSerializer.Serialize(json, sample, ApiJson.Wire.ContainerStats);
        }

        output.GetSpan(1)[0] = (byte)'\n';
        output.Advance(1);
    }
}
