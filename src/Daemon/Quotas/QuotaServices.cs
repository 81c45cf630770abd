using Berth.Daemon.Storage;

namespace Berth.Daemon.Quotas;

internal static class QuotaServices
{
    /// <summary>Registers limits of disk space, for the features whose directories have some.</summary>
    public static IServiceCollection AddQuotas(this IServiceCollection services) => services
        .AddSingleton<IMigrations, QuotaMigrations>()
        .AddSingleton<QuotaStore>()
        .AddSingleton<QuotaService>();
}
