namespace Berth.Daemon.Containers.Top;

internal static class TopServices
{
    public static IServiceCollection AddTop(this IServiceCollection services) => services.AddSingleton<TopService>();
}
