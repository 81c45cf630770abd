using Berth.Daemon.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Daemon.Containers.Attach;

internal static class HijackExtensions
{
    /// <summary>Takes the client's connection out of HTTP and tells it what follows.</summary>
    /// <param name="tty">The output comes without frames.</param>
    public static async Task<HijackedConnection> HijackAsync(this HttpContext context, bool tty)
    {
        var client = context.Features.GetRequiredFeature<IHijackFeature>().Hijack();
        await client.WriteHeadAsync(context.Request, StreamContentType.For(context.ApiVersion(), tty), client.Aborted);
        return client;
    }
}
