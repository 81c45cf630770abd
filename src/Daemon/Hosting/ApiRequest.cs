namespace Berth.Daemon.Hosting;

/// <summary>What the front door found out about a request.</summary>
internal sealed class ApiRequest
{
    /// <summary>The version in the path, or the newest.</summary>
    public ApiVersion Version { get; init; } = ApiVersion.Newest;
}

internal static class ApiRequestExtensions
{
    /// <summary>The API version that the client asked for; the newest if it named none.</summary>
    public static ApiVersion ApiVersion(this HttpContext context) => context.Features.Get<ApiRequest>()?.Version ?? Hosting.ApiVersion.Newest;
}
