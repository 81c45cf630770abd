using System.Text.Json;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Queries;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.References;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Containers;

internal static class ContainerEndpoints
{
    public static void MapContainers(this RouteGroupBuilder api)
    {
        api.MapPost("/containers/create", CreateAsync);
        api.MapPost("/containers/prune", PruneAsync);
        api.MapGet("/containers/json", List);
        api.MapGet("/containers/{id}/json", Inspect);
        api.MapPost("/containers/{id}/start", StartAsync);
        api.MapPost("/containers/{id}/stop", StopAsync);
        api.MapPost("/containers/{id}/restart", RestartAsync);
        api.MapPost("/containers/{id}/kill", KillAsync);
        api.MapPost("/containers/{id}/pause", PauseAsync);
        api.MapPost("/containers/{id}/unpause", UnpauseAsync);
        api.MapPost("/containers/{id}/rename", RenameAsync);
        api.MapPost("/containers/{id}/update", UpdateAsync);
        api.MapPost("/containers/{id}/wait", WaitAsync);
        api.MapDelete("/containers/{id}", RemoveAsync);
    }

    private static async Task<JsonHttpResult<ContainerCreateResponse>> CreateAsync(HttpContext context, ContainerService containers, CancellationToken ct)
    {
        var request = await context.Request.ReadJsonAsync(ApiJson.Default.ContainerCreateRequest, ct)
            ?? throw new EngineException(ErrorKind.InvalidArgument, "config cannot be empty in order to create a container");
        RefuseManyNetworks(request, context.ApiVersion());
        var query = context.Request.Query;
        var platform = query.GetText("platform") is { } text ? Platform.Parse(text) : null;
        var created = containers.Create(query.GetText("name"), platform, request);
        return TypedResults.Json(
            new ContainerCreateResponse { Id = created.Id, Warnings = [.. created.Warnings] },
            ApiJson.Wire.ContainerCreateResponse, statusCode: StatusCodes.Status201Created);
    }

    // Clients of older versions expect the first alone to be used, and a mistake to be told.
    private static void RefuseManyNetworks(ContainerCreateRequest request, ApiVersion version)
    {
        if (version < new ApiVersion(1, 44) && request.NetworkingConfig?.EndpointsConfig is { Count: > 1 } endpoints)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"Container cannot be connected to network endpoints: {string.Join(", ", endpoints.Keys)}");
        }
    }

    private static JsonHttpResult<List<ContainerSummary>> List(HttpContext context, ContainerListing listing)
    {
        var query = context.Request.Query;
        var limit = (int)Math.Clamp(query.GetNumber("limit") ?? 0, 0, int.MaxValue);
        return TypedResults.Json(
            listing.List(query.GetBool("all"), limit, query.GetBool("size"), Filters.Parse(query, ContainerListing.KnownFilters)),
            ApiJson.Wire.ContainerSummaryList);
    }

    private static JsonHttpResult<ContainerInspect> Inspect(string id, HttpContext context, ContainerInspection inspection)
        => TypedResults.Json(inspection.Inspect(id, context.Request.Query.GetBool("size")), ApiJson.Wire.ContainerInspect);

    private static async Task<IResult> StartAsync(string id, HttpContext context, ContainerLifecycle lifecycle, CancellationToken ct)
    {
        if (context.Request.Query.GetText("checkpoint") is not null)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "checkpoints are not supported");
        }

        return Changed(await lifecycle.StartAsync(id, ct));
    }

    private static async Task<IResult> StopAsync(string id, HttpContext context, ContainerLifecycle lifecycle, CancellationToken ct)
        => Changed(await lifecycle.StopAsync(id, Timeout(context), context.Request.Query.GetText("signal"), ct));

    private static async Task<NoContent> RestartAsync(string id, HttpContext context, ContainerLifecycle lifecycle, CancellationToken ct)
    {
        await lifecycle.RestartAsync(id, Timeout(context), context.Request.Query.GetText("signal"), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> KillAsync(string id, HttpContext context, ContainerLifecycle lifecycle, CancellationToken ct)
    {
        await lifecycle.KillAsync(id, context.Request.Query.GetText("signal"), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> PauseAsync(string id, ContainerLifecycle lifecycle, CancellationToken ct)
    {
        await lifecycle.PauseAsync(id, ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> UnpauseAsync(string id, ContainerLifecycle lifecycle, CancellationToken ct)
    {
        await lifecycle.UnpauseAsync(id, ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RenameAsync(string id, HttpContext context, ContainerService containers, CancellationToken ct)
    {
        await containers.RenameAsync(id, context.Request.Query.GetText("name"), ct);
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<ContainerUpdateResponse>> UpdateAsync(string id, HttpContext context, ContainerUpdate update, CancellationToken ct)
    {
        var request = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.ContainerUpdateRequest, ct);
        var warnings = await update.ApplyAsync(id, request, ct);
        return TypedResults.Json(new ContainerUpdateResponse { Warnings = [.. warnings] }, ApiJson.Wire.ContainerUpdateResponse);
    }

    private static async Task<NoContent> RemoveAsync(string id, HttpContext context, ContainerService containers, CancellationToken ct)
    {
        var query = context.Request.Query;
        if (query.GetBool("link"))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "links are not supported: there is none to remove");
        }

        await containers.RemoveAsync(id, query.GetBool("force"), query.GetBool("v"), ct);
        return TypedResults.NoContent();
    }

    private static async Task WaitAsync(string id, HttpContext context, ContainerService containers, CancellationToken ct)
    {
        var end = containers.Wait(id, context.Request.Query.GetText("condition"));

        // Sent before the end is known: the client starts the container only when it sees them.
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(ct);
        await context.Response.Body.FlushAsync(ct);
        var ended = await end.WaitAsync(ct);
        await JsonSerializer.SerializeAsync(
            context.Response.Body,
            new ContainerWaitResponse { StatusCode = ended.ExitCode }, // its Error is for a wait that failed: the CLI gives up on any
            ApiJson.Wire.ContainerWaitResponse, ct);
    }

    private static async Task<JsonHttpResult<ContainerPruneResponse>> PruneAsync(HttpContext context, ContainerService containers, TimeProvider clock, CancellationToken ct)
    {
        var filters = Filters.Parse(context.Request.Query, "label", "label!", "until");
        var until = PruneFilter.Until(filters, clock);
        var (ids, bytes) = await containers.PruneAsync(
            container => filters.AllowsLabels(container.Plan.Labels) && (until is null || container.CreatedAt < until), ct);
        return TypedResults.Json(
            new ContainerPruneResponse { ContainersDeleted = ids.Count == 0 ? null : [.. ids], SpaceReclaimed = bytes }, ApiJson.Wire.ContainerPruneResponse);
    }

    private static IResult Changed(bool changed) => changed ? TypedResults.NoContent() : TypedResults.StatusCode(StatusCodes.Status304NotModified);

    private static TimeSpan? Timeout(HttpContext context) => context.Request.Query.GetNumber("t") switch
    {
        null => null,
        < 0 => System.Threading.Timeout.InfiniteTimeSpan,
        var seconds => TimeSpan.FromSeconds(Math.Min(seconds.Value, int.MaxValue / 1000)), // as long as a timer can wait
    };
}
