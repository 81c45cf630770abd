using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.SystemInfo;

internal static class SystemEndpoints
{
    public static void MapSystem(this RouteGroupBuilder api)
    {
        api.MapMethods("/_ping", [HttpMethods.Get, HttpMethods.Head], PingAsync);
        api.MapGet("/version", Version);
        api.MapGet("/info", Info);
        api.MapGet("/system/df", DiskUsage);
    }

    private static Task PingAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-cache, no-store, must-revalidate";
        response.Headers.Pragma = "no-cache";
        response.Headers["Swarm"] = "inactive";
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = 2;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.WriteAsync("OK", context.RequestAborted);
    }

    private static Ok<VersionResponse> Version(SystemService system) => TypedResults.Ok(system.Version());

    private static Ok<InfoResponse> Info(SystemService system) => TypedResults.Ok(system.Info());

    private static Ok<DiskUsageResponse> DiskUsage(HttpContext context, DiskUsageService usage)
        => TypedResults.Ok(usage.Measure([.. context.Request.Query["type"].OfType<string>()], context.ApiVersion()));
}
