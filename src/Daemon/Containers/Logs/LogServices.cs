namespace Berth.Daemon.Containers.Logs;

internal static class LogServices
{
    public static IServiceCollection AddLogs(this IServiceCollection services) => services.AddSingleton<LogService>();
}
