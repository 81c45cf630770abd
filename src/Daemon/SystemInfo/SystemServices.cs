namespace Berth.Daemon.SystemInfo;

internal static class SystemServices
{
    public static IServiceCollection AddSystem(this IServiceCollection services) => services.AddSingleton<SystemService>().AddSingleton<DiskUsageService>();
}
