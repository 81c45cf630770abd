namespace Berth.Daemon.Containers.Archive;

internal static class ArchiveServices
{
    public static IServiceCollection AddArchive(this IServiceCollection services) => services
        .AddSingleton<ContainerViews>()
        .AddSingleton<ArchiveService>()
        .AddSingleton<ExportService>()
        .AddSingleton<ContainerChanges>();
}
