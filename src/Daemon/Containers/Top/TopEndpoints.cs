using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Containers.Top;

internal static class TopEndpoints
{
    public static void MapTop(this RouteGroupBuilder api) => api.MapGet("/containers/{id}/top", Top);

    private static JsonHttpResult<ContainerTopResponse> Top(HttpContext context, string id, TopService top)
        => TypedResults.Json(top.List(id, context.Request.Query.GetText("ps_args")), ApiJson.Wire.ContainerTopResponse);
}
