using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Registry;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Images;

internal static class ImageServices
{
    /// <summary>Registers the images feature; <see cref="ImagesOptions"/>, the <see cref="Database"/> and the events are registered by the composition.</summary>
    public static IServiceCollection AddImages(this IServiceCollection services) => services
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
        .AddSingleton<ArchiveLayers>()
        .AddSingleton<ImageLoader>()
        .AddSingleton<ImageSaver>()
        .AddSingleton<ImageImporter>()
        .AddSingleton<ImageService>()
        .AddSingleton<ImageRemoval>()
        .AddSingleton<ImageCollector>()
        .AddHostedService(provider => provider.GetRequiredService<ImageCollector>())
        .AddSingleton<Func<IEnumerable<IImageUsers>>>(provider => provider.GetServices<IImageUsers>);
}
