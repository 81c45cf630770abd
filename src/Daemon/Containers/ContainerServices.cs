using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Queries;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Storage;
using Berth.Daemon.Volumes;
using Berth.Shared.Cgroups;

namespace Berth.Daemon.Containers;

internal static class ContainerServices
{
    /// <summary>
    /// Registers the containers feature; <see cref="ContainersOptions"/> is registered by the composition. Its recovery runs when the host
    /// starts, and calls the networks' own.
    /// </summary>
    public static IServiceCollection AddContainers(this IServiceCollection services) => services
        .AddSingleton<IMigrations, ContainerMigrations>()
        .AddSingleton(_ => CgroupHost.Detect())
        .AddSingleton(provider => new InForce<EngineFacts>(WithCdi(provider, EngineFactsReader.Read(provider.GetRequiredService<ContainersOptions>(), provider.GetRequiredService<CgroupHost>())) with
        {
            DefaultUserNamespace = provider.GetRequiredService<UserNamespaceOptions>().ByDefault,
            WhyNoUserNamespaces = UserNamespaceService.KernelCan ? null : UserNamespaceService.NeededKernel,
        }))
        .AddSingleton<IReloadable, ContainersReload>()
        .AddSingleton<IMigrations, UserNamespaceMigrations>()
        .AddSingleton<UserNamespaceStore>()
        .AddSingleton<UserNamespaceService>()
        .AddSingleton<ContainerPaths>()
        .AddSingleton<ContainerIndex>()
        .AddSingleton<ContainerStore>()
        .AddSingleton<ContainerEvents>()
        .AddSingleton<IVolumeUsers, ContainerVolumeUsers>()
        .AddSingleton<ContainerVolumes>()
        .AddSingleton<StorageLimit>()
        .AddSingleton<MountResolver>()
        .AddSingleton<SeccompProfiles>()
        .AddSingleton<CdiRegistry>()
        .AddSingleton<ContainerUsers>()
        .AddSingleton<EtcFiles>()
        .AddSingleton<LinkedContainers>()
        .AddSingleton<ContainerNames>()
        .AddSingleton<RunPreparation>()
        .AddSingleton<SupervisorPool>()
        .AddSingleton<RestartSchedule>()
        .AddSingleton<ContainerWatcher>()
        .AddSingleton<HealthProbe>()
        .AddSingleton<HealthMonitor>()
        .AddSingleton<ContainerRunner>()
        .AddSingleton<ContainerRemoval>()
        .AddSingleton<ContainerLifecycle>()
        .AddSingleton<ContainerUpdate>()
        .AddSingleton<ContainerService>()
        .AddSingleton<IImageUsers>(provider => provider.GetRequiredService<ContainerService>())
        .AddSingleton<ContainerConnections>()
        .AddSingleton<ContainerNetworks>()
        .AddSingleton<ContainerInspection>()
        .AddSingleton<ContainerListing>()
        .AddSingleton<Trash>()
        .AddHostedService(provider => provider.GetRequiredService<Trash>())
        .AddHostedService<ContainerRecovery>();

    private static EngineFacts WithCdi(IServiceProvider provider, EngineFacts facts)
        => ContainersReload.WithCdi(facts, provider.GetRequiredService<CdiRegistry>());
}
