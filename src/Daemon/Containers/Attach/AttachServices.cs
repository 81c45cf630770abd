namespace Berth.Daemon.Containers.Attach;

internal static class AttachServices
{
    public static IServiceCollection AddAttach(this IServiceCollection services) => services
        .AddSingleton<SupervisorAccess>()
        .AddSingleton<AttachService>();
}
