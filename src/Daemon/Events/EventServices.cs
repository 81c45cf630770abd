using Berth.Daemon.Storage;

namespace Berth.Daemon.Events;

internal static class EventServices
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<IMigrations, EventMigrations>()
        .AddSingleton<EventStore>()
        .AddSingleton<EventService>()
        .AddHostedService<EventWriter>();
}
