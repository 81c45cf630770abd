using Microsoft.AspNetCore.Http.Features;

namespace Berth.Daemon.Hosting;

/// <summary>Bodies for readers and writers that block: of archives, which are read and made on threads of their own, where asynchronous code would gain nothing.</summary>
internal static class SynchronousBodies
{
    /// <summary>The request's body, as long as it is.</summary>
    public static Stream Request(HttpContext context)
    {
        Allow(context);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        return context.Request.Body;
    }

    /// <summary>The response's body, written in pieces large enough for the disk's sake.</summary>
    public static Stream Response(HttpContext context)
    {
        Allow(context);
        return context.Response.Body;
    }

    private static void Allow(HttpContext context)
    {
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            control.AllowSynchronousIO = true;
        }
    }
}
