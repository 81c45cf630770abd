using System.Diagnostics;

namespace Berth.Daemon.Hosting;

/// <summary>Start, service and stop of the daemon.</summary>
internal static class DaemonRun
{
    /// <summary>Recovers (the features' hosted services), serves until SIGTERM or SIGINT, and stops without touching containers.</summary>
    public static async Task RunDaemonAsync(this WebApplication app, IReadOnlyList<Listener> listeners, Func<DaemonOptions> reread)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Berth.Daemon");
        var options = app.Services.GetRequiredService<DaemonOptions>();
        using var stopping = app.Lifetime.ApplicationStopping.Register(() =>
        {
            log.Stopping();
            Systemd.Notify("STOPPING=1");
        });
        var reload = app.Services.GetRequiredService<ConfigurationReload>();
        using var signals = new StopSignals(app.Lifetime, () => reload.Reload(reread));

        await app.StartAsync();
        foreach (var listener in listeners)
        {
            if (listener.IsTcp && !options.TlsVerify)
            {
                log.ListeningToAnybody(listener.Address);
            }
            else
            {
                log.Listening(listener.Address);
            }
        }

        Systemd.Notify("READY=1");
        using var self = Process.GetCurrentProcess();
        var sinceStart = TimeProvider.System.GetUtcNow() - self.StartTime.ToUniversalTime();
        log.Ready(EngineVersion.Value, (long)sinceStart.TotalMilliseconds);
        await app.WaitForShutdownAsync();
    }
}
