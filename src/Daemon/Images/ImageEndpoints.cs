using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Push;
using Berth.Daemon.Images.Registry;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.References;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Images;

internal static class ImageEndpoints
{
    private const string AuthHeader = "X-Registry-Auth";

    public static void MapImages(this RouteGroupBuilder api)
    {
        var images = api.MapGroup("/images");
        images.MapGet("/json", List);
        images.MapPost("/create", CreateAsync);
        images.MapPost("/prune", Prune);
        images.MapPost("/load", LoadAsync);
        images.MapGet("/get", (HttpContext context, ImageSaver saver) => SaveAsync(context, [.. context.Request.Query["names"].OfType<string>()], saver));
        images.MapGet("/{name}/get", (HttpContext context, string name, ImageSaver saver) => SaveAsync(context, [GreedyNames.Restore(name)], saver));
        images.MapGet("/{name}/json", Inspect);
        images.MapGet("/{name}/history", History);
        images.MapPost("/{name}/tag", Tag);
        images.MapPost("/{name}/push", PushAsync);
        images.MapDelete("/{name}", Remove);
        api.MapGet("/distribution/{name}/json", DistributionAsync);
        api.MapPost("/auth", SignInAsync);
    }

    private static Ok<List<ImageSummary>> List(HttpContext context, ImageService images, TimeProvider clock)
    {
        var query = context.Request.Query;
        var (filter, all, version) = (ImageFilter.Parse(query, images, clock), query.GetBool("all"), context.ApiVersion());
        var uses = query.GetBool("shared-size") ? images.LayerUses() : null;
        var parents = images.ParentIds();
        return TypedResults.Ok(images.List()
            .Select(named => filter.Narrow(named, all, parents.Contains(named.Image.Id)))
            .OfType<NamedImage>()
            .Select(named => ImageMapping.Summary(named, uses, version))
            .ToList());
    }

    private static Task CreateAsync(HttpContext context, ImagePuller puller, ImageImporter importer)
    {
        var query = context.Request.Query;
        var platform = query.GetText("platform") is { } text ? Platform.Parse(text) : null;
        if (query.GetText("fromImage") is not { } name)
        {
            return ImportAsync(context, platform, importer);
        }

        var reference = Reference(name, query.GetText("tag"));
        var credentials = CredentialsOf(context);
        return ProgressResponse.RunAsync(context, (progress, ct) => puller.PullAsync(reference, platform, credentials, progress, ct));
    }

    private static Task ImportAsync(HttpContext context, Platform? platform, ImageImporter importer)
    {
        var query = context.Request.Query;
        if (query.GetText("fromSrc") is not "-")
        {
            throw query.GetText("fromSrc") is null
                ? new EngineException(ErrorKind.InvalidArgument, "one of fromImage and fromSrc is needed")
                : new EngineException(ErrorKind.NotImplemented, "import from a URL is not supported: send the archive as the request's body (fromSrc=-)");
        }

        var name = query.GetText("repo") is { } repository ? Reference(repository, query.GetText("tag")).WithDefaultTag() : null;
        if (name?.Digest is not null)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "cannot import digest reference");
        }

        IReadOnlyList<string> changes = [.. query["changes"].OfType<string>()];
        return ProgressResponse.RunAsync(context, (progress, ct) => importer.ImportAsync(SynchronousBodies.Request(context), name, query.GetText("message"), changes, platform, progress, ct));
    }

    private static Task PushAsync(HttpContext context, string name, ImagePusher pusher)
    {
        var reference = Reference(GreedyNames.Restore(name), context.Request.Query.GetText("tag"));
        var (platform, credentials) = (PlatformOf(context), CredentialsOf(context));
        return ProgressResponse.RunAsync(context, (progress, ct) => pusher.PushAsync(reference, platform, credentials, progress, ct));
    }

    private static async Task<JsonHttpResult<DistributionInspect>> DistributionAsync(HttpContext context, string name, DistributionService distribution, CancellationToken ct)
    {
        var reference = ImageReference.Parse(GreedyNames.Restore(name)).WithDefaultTag();
        return TypedResults.Json(await distribution.InspectAsync(reference, CredentialsOf(context), ct), ApiJson.Wire.DistributionInspect);
    }

    private static async Task<JsonHttpResult<AuthResponse>> SignInAsync(HttpContext context, RegistryClient registry, CancellationToken ct)
    {
        var auth = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.AuthConfig, ct);
        var credentials = RegistryCredentials.From(auth)
            ?? throw new EngineException(ErrorKind.InvalidArgument, "no credentials were given: username and password, or identitytoken");
        await registry.OpenSignIn(RegistryDomain.Parse(auth.Serveraddress), credentials).TryAsync(ct);
        return TypedResults.Json(new AuthResponse { Status = "Login Succeeded", IdentityToken = "" }, ApiJson.Wire.AuthResponse);
    }

    private static Task LoadAsync(HttpContext context, ImageLoader loader)
    {
        var (platform, quiet) = (PlatformOf(context), context.Request.Query.GetBool("quiet"));
        return ProgressResponse.RunAsync(context, (progress, ct) => loader.LoadAsync(SynchronousBodies.Request(context), platform, quiet, progress, ct));
    }

    private static async Task SaveAsync(HttpContext context, IReadOnlyList<string> names, ImageSaver saver)
    {
        // The command line joins names by commas where others repeat the parameter.
        using var plan = saver.Plan([.. names.SelectMany(name => name.Split(',', StringSplitOptions.RemoveEmptyEntries))], PlatformOf(context));
        context.Response.ContentType = "application/x-tar";
        await saver.WriteAsync(plan, context.Response.Body, context.RequestAborted);
    }

    private static Ok<ImageInspect> Inspect(HttpContext context, string name, ImageService images, SnapshotService snapshots)
    {
        var image = images.Resolve(GreedyNames.Restore(name), PlatformOf(context));
        return TypedResults.Ok(ImageMapping.Inspect(new NamedImage(image, images.NamesOf(image)), snapshots, context.ApiVersion()));
    }

    private static Ok<List<HistoryItem>> History(HttpContext context, string name, ImageService images)
    {
        var image = images.Resolve(GreedyNames.Restore(name), PlatformOf(context));
        return TypedResults.Ok(ImageMapping.History(new NamedImage(image, images.NamesOf(image))));
    }

    private static StatusCodeHttpResult Tag(HttpContext context, string name, ImageService images)
    {
        var query = context.Request.Query;
        images.Tag(GreedyNames.Restore(name), query.GetText("repo") ?? "", query.GetText("tag"));
        return TypedResults.StatusCode(StatusCodes.Status201Created);
    }

    private static Ok<List<ImageDeleteItem>> Remove(HttpContext context, string name, ImageRemoval removal)
    {
        var query = context.Request.Query;
        var restored = GreedyNames.Restore(name);
        if (string.IsNullOrWhiteSpace(restored))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "image name cannot be blank");
        }

        return TypedResults.Ok(removal.Remove(restored, query.GetBool("force"), pruneParents: !query.GetBool("noprune")).Select(ImageMapping.Removed).ToList());
    }

    private static Ok<ImagePruneResponse> Prune(HttpContext context, ImageRemoval removal, TimeProvider clock, CancellationToken ct)
    {
        var filters = Filters.Parse(context.Request.Query, "dangling", "label", "label!", "until");
        var until = filters.Get("until").Select(text => (DateTimeOffset?)ImageFilter.ParseUntil(text, clock)).Min();
        var (removed, bytes) = removal.Prune(
            filters.GetBool("dangling") ?? true,
            image => (until is null || (image.Config.CreatedAt ?? DateTimeOffset.MinValue) <= until) && filters.AllowsLabels(image.Config.Config?.Labels),
            ct);
        return TypedResults.Ok(new ImagePruneResponse { ImagesDeleted = removed.Count == 0 ? null : [.. removed.Select(ImageMapping.Removed)], SpaceReclaimed = bytes });
    }

    /// <summary>A name with the tag or digest that came beside it.</summary>
    private static ImageReference Reference(string name, string? tagOrDigest)
    {
        var reference = ImageReference.Parse(name);
        return tagOrDigest is null ? reference
            : Digest.TryParse(tagOrDigest, out var digest) ? reference.Repository().WithDigest(digest)
            : reference.WithTag(tagOrDigest);
    }

    private static RegistryCredentials? CredentialsOf(HttpContext context) => RegistryCredentials.Parse(context.Request.Headers[AuthHeader].FirstOrDefault());

    private static Platform? PlatformOf(HttpContext context) => PlatformValue.Parse(context.Request.Query.GetText("platform"));
}
