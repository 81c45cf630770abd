using System.Buffers;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>What every request passes before and after routing: headers, the version in the path, image names, 404 in JSON.</summary>
internal static class FrontDoor
{
    private static readonly SearchValues<char> VersionCharacters = SearchValues.Create("0123456789.");

    /// <summary>Sends requests through the front door; between <see cref="EnterAsync"/> and the endpoints.</summary>
    public static void UseFrontDoor(this WebApplication app)
    {
        app.Use(EnterAsync);
        app.UseExceptionHandler();
        app.UseRouting();
        app.Use(RoutedAsync);
    }

    /// <summary>Headers that every reply carries, hijacked ones too.</summary>
    public static void SetHeaders(IHeaderDictionary headers)
    {
        headers["Api-Version"] = ApiVersion.NewestText;
        headers["Docker-Experimental"] = "false";
        headers["Ostype"] = "linux";
        headers.Server = ServerHeader;
    }

    public static string ServerHeader { get; } = $"Berth/{EngineVersion.Value} (linux)";

    private static async Task EnterAsync(HttpContext context, RequestDelegate next)
    {
        SetHeaders(context.Response.Headers);
        var path = context.Request.Path.Value ?? "/";
        var version = TakeVersion(ref path);
        context.Features.Set(version is { } v ? new ApiRequest { Version = v } : new ApiRequest());
        context.Request.Path = GreedyNames.Protect(path);

        // From here until the endpoint returns, the end of the client's side means "client gone" or, where the connection may be
        // hijacked, only "no more input".
        var hijack = context.Features.Get<IHijackFeature>();
        hijack?.BeginRequest(MayHijack(path));

        // A stopping daemon ends what only waits or streams, or it would wait for its clients to go.
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.RequestAborted = ended.Token;
        try
        {
            await next(context);
        }
        finally
        {
            hijack?.EndRequest();
            context.RequestServices.GetRequiredService<IdleMemory>().RequestEnded();
        }
    }

    private static async Task RoutedAsync(HttpContext context, RequestDelegate next)
    {
        // A wrong method or content type gives an endpoint too, which is not one of ours; Docker says 404 to these all.
        if (context.GetEndpoint() is not RouteEndpoint)
        {
            throw new EngineException(ErrorKind.NotFound, "page not found");
        }

        context.ApiVersion().RequireSupported();
        if (context.Request.RouteValues.TryGetValue("name", out var name) && name is string text)
        {
            context.Request.RouteValues["name"] = GreedyNames.Restore(text);
        }

        await next(context);
    }

    /// <summary>Cuts /vN.N off the path.</summary>
    private static ApiVersion? TakeVersion(ref string path)
    {
        if (path.Length < 3 || path[1] != 'v' || !char.IsAsciiDigit(path[2]))
        {
            return null;
        }

        var end = path.IndexOf('/', 2);
        if (end < 0 || path.AsSpan(2, end - 2).ContainsAnyExcept(VersionCharacters) || !ApiVersion.TryParse(path.AsSpan(2, end - 2), out var version))
        {
            return null;
        }

        path = path[end..];
        return version;
    }

    private static bool MayHijack(string path)
        => (path.StartsWith("/containers/", StringComparison.Ordinal) && (path.EndsWith("/attach", StringComparison.Ordinal) || path.EndsWith("/attach/ws", StringComparison.Ordinal)))
            || (path.StartsWith("/exec/", StringComparison.Ordinal) && path.EndsWith("/start", StringComparison.Ordinal))
            || path is "/session" or "/grpc";
}
