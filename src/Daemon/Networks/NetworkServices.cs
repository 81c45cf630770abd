using Berth.Daemon.Events;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Networks;

internal static class NetworkServices
{
    public static IServiceCollection AddNetworks(this IServiceCollection services, NetworkOptions options) => services
        .AddSingleton(options)
        .AddSingleton<IMigrations, NetworkMigrations>()
        .AddSingleton<NetworkStore>()
        .AddSingleton(provider => new NetworkService(
            provider.GetRequiredService<NetworkOptions>(), provider.GetRequiredService<NetworkStore>(), provider.GetRequiredService<EventService>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<NetworkService>>()));
}
