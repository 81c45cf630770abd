using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Push;
using Berth.Daemon.Images.Registry;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Images;

internal static class ImageServices
{
    /// <summary>Registers the images feature; the daemon's options, the <see cref="Database"/> and the events are registered by the composition.</summary>
    public static IServiceCollection AddImages(this IServiceCollection services) => services
        .AddSingleton(provider => From(provider.GetRequiredService<DaemonOptions>()))
        .AddSingleton(provider => new InForce<ImagesOptions>(provider.GetRequiredService<ImagesOptions>()))
        .AddSingleton<IReloadable, ImagesReload>()
        .AddSingleton<IMigrations, ImageMigrations>()
        .AddSingleton<ImageStore>()
        .AddSingleton<ContentHolds>()
        .AddSingleton<ContentStore>()
        .AddSingleton<SnapshotService>()
        .AddSingleton<LayerUnpacker>()
        .AddSingleton<BlobDownloads>()
        .AddSingleton<LayerJobs>()
        .AddSingleton<RegistryTransport>()
        .AddSingleton<RegistryClient>()
        .AddSingleton<ImagePuller>()
        .AddSingleton<ImagePusher>()
        .AddSingleton<DistributionService>()
        .AddSingleton<ArchiveLayers>()
        .AddSingleton<ImageLoader>()
        .AddSingleton<ImageSaver>()
        .AddSingleton<ImageImporter>()
        .AddSingleton<ImageCommitter>()
        .AddSingleton<ImageService>()
        .AddSingleton<ImageRemoval>()
        .AddSingleton<ImageCollector>()
        .AddHostedService(provider => provider.GetRequiredService<ImageCollector>())
        .AddSingleton<Func<IEnumerable<IImageUsers>>>(provider => provider.GetServices<IImageUsers>);

    internal static ImagesOptions From(DaemonOptions options) => new()
    {
        DataRoot = options.DataRoot,
        InsecureRegistries = options.InsecureRegistries,
        Mirrors = options.RegistryMirrors,
        ConcurrentDownloads = options.MaxConcurrentDownloads,
        ConcurrentUploads = options.MaxConcurrentUploads,
        DownloadAttempts = options.MaxDownloadAttempts,
    };
}
