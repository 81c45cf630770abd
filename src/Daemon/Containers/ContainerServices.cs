using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers;

internal static class ContainerServices
{
    /// <summary>Registers the containers feature; <see cref="ContainersOptions"/> is registered by the composition.</summary>
    public static IServiceCollection AddContainers(this IServiceCollection services) => services
        .AddSingleton<IMigrations, ContainerMigrations>()
        .AddSingleton<ContainerPaths>()
        .AddSingleton<ContainerIndex>()
        .AddSingleton<ContainerStore>();
}
