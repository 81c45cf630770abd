using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Images;

internal static class ImageServices
{
    /// <summary>Registers the images feature; <see cref="ImagesOptions"/> and the <see cref="Database"/> are registered by the composition.</summary>
    public static IServiceCollection AddImages(this IServiceCollection services) => services
        .AddSingleton<IMigrations, ImageMigrations>()
        .AddSingleton<ImageStore>()
        .AddSingleton<ContentHolds>()
        .AddSingleton<SnapshotService>()
        .AddSingleton<ImageService>();
}
