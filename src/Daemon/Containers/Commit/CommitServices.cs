namespace Berth.Daemon.Containers.Commit;

internal static class CommitServices
{
    public static IServiceCollection AddCommit(this IServiceCollection services) => services.AddSingleton<CommitService>();
}
