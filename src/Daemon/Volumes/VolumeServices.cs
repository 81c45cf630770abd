using Berth.Daemon.Storage;

namespace Berth.Daemon.Volumes;

internal static class VolumeServices
{
    /// <summary>Registers the volumes feature; an <see cref="IVolumeUsers"/> is registered by the feature that mounts them. Its recovery is called by the containers' own.</summary>
    public static IServiceCollection AddVolumes(this IServiceCollection services) => services
        .AddSingleton<IMigrations, VolumeMigrations>()
        .AddSingleton<VolumeStore>()
        .AddSingleton<VolumeService>();
}
