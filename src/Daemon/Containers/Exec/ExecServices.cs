using Berth.Daemon.Containers.Queries;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers.Exec;

internal static class ExecServices
{
    public static IServiceCollection AddExec(this IServiceCollection services) => services
        .AddSingleton<IMigrations, ExecMigrations>()
        .AddSingleton<ExecStore>()
        .AddSingleton<ExecRegistry>()
        .AddSingleton<IRunningExecs>(provider => provider.GetRequiredService<ExecRegistry>())
        .AddSingleton<ExecService>()
        .AddSingleton<ExecFollower>()
        .AddHostedService(provider => provider.GetRequiredService<ExecFollower>());
}
