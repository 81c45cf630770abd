using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Berth.Daemon.Hosting;

/// <summary>Kestrel, as this API needs it: over sockets that are open already, HTTP/1.1, without limits that break streams.</summary>
internal static class HttpServer
{
    public static void UseListeners(this IWebHostBuilder web, IReadOnlyList<Listener> listeners, DaemonOptions options)
    {
        web.UseKestrelCore();
        web.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false; // FrontDoor sets it
            kestrel.AllowSynchronousIO = false;

            // Image loads and build contexts are as large as they are; JSON bodies have their own limit.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;

            // Clients put registry credentials and filters into headers and the query.
            kestrel.Limits.MaxRequestLineSize = 64 << 10;
            kestrel.Limits.MaxRequestHeadersTotalSize = 128 << 10;
            var https = listeners.Any(listener => listener.IsTcp) && options.Tls ? ServerCertificates.Load(options) : null;
            foreach (var listener in listeners)
            {
                kestrel.ListenHandle(listener.Handle, endpoint =>
                {
                    endpoint.Protocols = HttpProtocols.Http1;
                    if (listener.IsTcp && https is not null)
                    {
                        endpoint.UseHttps(https);
                        endpoint.Use(MarkTls);
                    }

                    endpoint.Use(HijackableConnection.Middleware);
                });
            }
        });
    }

    private static ConnectionDelegate MarkTls(ConnectionDelegate next) => context =>
    {
        context.Features.Set<ITlsConnectionMark>(TlsConnectionMark.Instance);
        return next(context);
    };
}
