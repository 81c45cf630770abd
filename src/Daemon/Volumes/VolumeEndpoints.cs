using System.Globalization;
using System.Text.RegularExpressions;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Volumes;

internal static class VolumeEndpoints
{
    private static readonly ApiVersion PrunesAnonymousOnly = new(1, 42);
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(100);

    public static void MapVolumes(this RouteGroupBuilder api)
    {
        api.MapGet("/volumes", List);
        api.MapPost("/volumes/create", CreateAsync);
        api.MapPost("/volumes/prune", Prune);
        api.MapGet("/volumes/{name}", Inspect);
        api.MapDelete("/volumes/{name}", Remove);
    }

    /// <summary>A volume in the API's shape.</summary>
    public static Volume Wire(VolumeRecord volume, VolumeService volumes) => new()
    {
        Name = volume.Name,
        Driver = VolumeRecord.Driver,
        Mountpoint = volumes.DirectoryOf(volume.Name),
        CreatedAt = volume.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        Labels = volume.Labels is null ? null : new Dictionary<string, string>(volume.Labels),
        Options = volume.Options is null ? null : new Dictionary<string, string>(volume.Options),
        Scope = "local",
    };

    private static JsonHttpResult<VolumeListResponse> List(HttpRequest request, VolumeService volumes)
    {
        var filters = Filters.Parse(request.Query, "dangling", "driver", "label", "name");
        var dangling = filters.GetBool("dangling");
        var names = Patterns(filters);
        var uses = dangling is null ? null : volumes.Uses();
        var matching = volumes.List().Where(volume =>
            filters.Allows("driver", VolumeRecord.Driver)
            && (names.Count == 0 || names.Exists(name => name.IsMatch(volume.Name)))
            && filters.AllowsLabels(volume.Labels)
            && (uses is null || dangling == !uses.Contains(volume.Name)));
        return TypedResults.Json(
            new VolumeListResponse { Volumes = [.. matching.Select(volume => Wire(volume, volumes))], Warnings = null }, ApiJson.Wire.VolumeListResponse);
    }

    private static async Task<JsonHttpResult<Volume>> CreateAsync(HttpRequest request, VolumeService volumes, CancellationToken ct)
    {
        var wanted = await request.ReadRequiredJsonAsync(ApiJson.Default.VolumeCreateRequest, ct);
        var volume = volumes.Create(wanted.Name, wanted.Driver, wanted.Labels, wanted.DriverOpts);
        return TypedResults.Json(Wire(volume, volumes), ApiJson.Wire.Volume, statusCode: StatusCodes.Status201Created);
    }

    private static JsonHttpResult<Volume> Inspect(string name, VolumeService volumes)
        => TypedResults.Json(Wire(volumes.Get(name), volumes), ApiJson.Wire.Volume);

    private static NoContent Remove(string name, HttpRequest request, VolumeService volumes)
    {
        volumes.Remove(name, request.Query.GetBool("force"));
        return TypedResults.NoContent();
    }

    private static JsonHttpResult<VolumePruneResponse> Prune(HttpContext context, VolumeService volumes, CancellationToken ct)
    {
        var filters = Filters.Parse(context.Request.Query, "all", "label", "label!");
        var all = filters.GetBool("all") ?? context.ApiVersion() < PrunesAnonymousOnly;
        var (names, bytes) = volumes.Prune(volume => (all || volume.IsAnonymous) && filters.AllowsLabels(volume.Labels), ct);
        return TypedResults.Json(new VolumePruneResponse { VolumesDeleted = [.. names], SpaceReclaimed = bytes }, ApiJson.Wire.VolumePruneResponse);
    }

    private static List<Regex> Patterns(Filters filters)
    {
        try
        {
            return [.. filters.Get("name").Select(pattern => new Regex(pattern, RegexOptions.CultureInvariant, PatternTimeout))];
        }
        catch (ArgumentException wrong)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'name': {wrong.Message}", wrong);
        }
    }
}
