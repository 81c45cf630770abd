using System.Globalization;
using System.Text.Json;
using Berth.Daemon.Events;
using Berth.Daemon.SystemInfo;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Microsoft.Extensions.Options;

namespace Berth.Daemon.Hosting;

/// <summary>Reads the configuration file again on SIGHUP: all of what it changes comes into force, or, when anything in it is wrong, none.</summary>
internal sealed class ConfigurationReload(
    InForce<DaemonOptions> options,
    IServiceProvider services,
    DaemonLoggerProvider logger,
    IOptions<HostOptions> host,
    EventService events,
    ILogger<ConfigurationReload> log)
{
    private readonly Lock _gate = new();

    /// <param name="reread">The options as command line and file give them now.</param>
    public void Reload(Func<DaemonOptions> reread)
    {
        lock (_gate)
        {
            Systemd.NotifyReloading();
            try
            {
                Apply(reread());
            }
            catch (Exception wrong) when (wrong is OptionException or EngineException)
            {
                log.NotReloaded(wrong.Message);
            }

            Systemd.Notify("READY=1");
        }
    }

    private void Apply(DaemonOptions read)
    {
        var next = options.Value.Reloaded(read);
        var changes = services.GetServices<IReloadable>().Select(feature => feature.Prepare(next)).ToArray(); // all, before the first is made
        foreach (var key in NeedingRestart(options.Value, read))
        {
            log.NeedsRestart(key);
        }

        options.Replace(next);
        logger.Lowest = next.LogLevel;
        host.Value.ShutdownTimeout = next.ShutdownTimeout;
        foreach (var change in changes)
        {
            change();
        }

        log.Reloaded();
        events.Publish("daemon", "reload", EngineId.ReadOrCreate(next.DataRoot), Attributes(next));
    }

    /// <summary>Keys of the file that have changed and can't be changed in a running daemon.</summary>
    internal static IEnumerable<string> NeedingRestart(DaemonOptions now, DaemonOptions read)
        => now.InFile.Keys.Union(read.InFile.Keys, StringComparer.Ordinal)
            .Where(key => now.InFile.GetValueOrDefault(key) != read.InFile.GetValueOrDefault(key))
            .Where(key => OptionTable.All.FirstOrDefault(option => option.Key == key) is { Reloads: false, IsSettled: false })
            .Order(StringComparer.Ordinal);

    /// <summary>What Docker's event carries: the values now in force, lists as JSON.</summary>
    private static Dictionary<string, string> Attributes(DaemonOptions options) => new(StringComparer.Ordinal)
    {
        ["name"] = HostFacts.HostName,
        ["debug"] = options.LogLevel <= LogLevel.Debug ? "true" : "false",
        ["default-ipc-mode"] = options.DefaultIpcMode,
        ["default-runtime"] = options.DefaultRuntime,
        ["default-shm-size"] = options.DefaultShmSizeBytes.ToString(CultureInfo.InvariantCulture),
        ["insecure-registries"] = Json(options.InsecureRegistries),
        ["labels"] = Json(options.Labels),
        ["live-restore"] = "true",
        ["max-concurrent-downloads"] = options.MaxConcurrentDownloads.ToString(CultureInfo.InvariantCulture),
        ["max-concurrent-uploads"] = options.MaxConcurrentUploads.ToString(CultureInfo.InvariantCulture),
        ["max-download-attempts"] = options.MaxDownloadAttempts.ToString(CultureInfo.InvariantCulture),
        ["registry-mirrors"] = Json(options.RegistryMirrors),
        ["runtimes"] = string.Join(' ', options.Runtimes.Select(runtime => $"{runtime.Key}:{runtime.Value}")),
        ["shutdown-timeout"] = ((int)options.ShutdownTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture),
    };

    private static string Json(IReadOnlyList<string> list) => JsonSerializer.Serialize([.. list], ApiJson.Default.StringList);
}
