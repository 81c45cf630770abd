namespace Berth.Daemon.Storage;

internal static class StorageServices
{
    /// <summary>Registers the <see cref="Database"/>; every feature registers its tables as an <see cref="IMigrations"/> beside it.</summary>
    /// <param name="path">The database file, such as /var/lib/berth/berth.db.</param>
    public static IServiceCollection AddStorage(this IServiceCollection services, string path)
        => services.AddSingleton(provider => Database.Open(path, provider.GetServices<IMigrations>()));
}
