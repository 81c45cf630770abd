using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Archive;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Containers.Commit;
using Berth.Daemon.Containers.Exec;
using Berth.Daemon.Containers.Logs;
using Berth.Daemon.Containers.Stats;
using Berth.Daemon.Containers.Top;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Networks;
using Berth.Daemon.Quotas;
using Berth.Daemon.Storage;
using Berth.Daemon.SystemInfo;
using Berth.Daemon.Volumes;

namespace Berth.Daemon;

/// <summary>Which features this engine has, and nothing else: a line to register each, and a line for its routes.</summary>
internal static class Composition
{
    public static void AddEngine(this IServiceCollection services, DaemonOptions options)
    {
        services.AddStorage(Path.Combine(options.DataRoot, "berth.db"));
        services.AddEvents();
        services.AddImages();
        services.AddNetworks(NetworkOptions.From(options));
        services.AddSingleton(options.ToContainers());
        services.AddQuotas();
        services.AddVolumes();
        services.AddSingleton(UserNamespaceOptions.From(options));
        services.AddContainers();
        services.AddExec();
        services.AddLogs();
        services.AddAttach();
        services.AddArchive();
        services.AddCommit();
        services.AddStats();
        services.AddTop();
        services.AddSystem();
    }

    public static void MapEngine(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("");
        api.MapEvents();
        api.MapImages();
        api.MapNetworks();
        api.MapVolumes();
        api.MapContainers();
        api.MapAttach();
        api.MapArchive();
        api.MapCommit();
        api.MapExec();
        api.MapLogs();
        api.MapStats();
        api.MapTop();
        api.MapSystem();
    }
}
