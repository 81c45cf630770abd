namespace Berth.Daemon.Containers.Stats;

internal static class StatsServices
{
    public static IServiceCollection AddStats(this IServiceCollection services) => services.AddSingleton<StatsService>();
}
