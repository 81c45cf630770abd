using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.References;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Containers.Commit;

internal static class CommitEndpoints
{
    public static void MapCommit(this RouteGroupBuilder api) => api.MapPost("/commit", CommitAsync);

    private static async Task<JsonHttpResult<IdResponse>> CommitAsync(HttpContext context, CommitService commits, CancellationToken ct)
    {
        var query = context.Request.Query;
        var container = query.GetText("container") ?? throw new EngineException(ErrorKind.InvalidArgument, "bad parameter: container is missing: name the container to commit");
        var config = await context.Request.ReadJsonAsync(ApiJson.Default.ContainerConfig, ct);
        var id = await commits.CommitAsync(
            container,
            new CommitRequest
            {
                Name = Name(query.GetText("repo"), query.GetText("tag")),
                Author = query.GetText("author") ?? "",
                Comment = query.GetText("comment") ?? "",
                Pauses = query.GetBool("pause", absent: true),
                Changes = [.. query["changes"].OfType<string>()],
                Config = config,
            },
            ct);
        return TypedResults.Json(new IdResponse { Id = id }, ApiJson.Wire.IdResponse, statusCode: StatusCodes.Status201Created);
    }

    private static ImageReference? Name(string? repository, string? tag)
    {
        if (repository is null)
        {
            return null;
        }

        var reference = ImageReference.Parse(repository);
        reference = (tag is null ? reference : reference.WithTag(tag)).WithDefaultTag();
        return reference.Digest is null ? reference : throw new EngineException(ErrorKind.InvalidArgument, "cannot commit to digest reference");
    }
}
