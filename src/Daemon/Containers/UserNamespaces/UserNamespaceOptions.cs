using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.UserNamespaces;

/// <summary>Which user namespaces containers get that don't say it themselves, and what ranges are made of.</summary>
/// <param name="Shared">The mapping of all of them; null: none, or with <paramref name="Auto"/> a range each.</param>
internal sealed record UserNamespaceOptions(UserMapping? Shared, bool Auto, uint PoolFirst, uint PoolCount)
{
    public bool ByDefault => Shared is not null || Auto;

    /// <exception cref="OptionException">The user has no subordinate ids, or this kernel can't show layers with other owners.</exception>
    public static UserNamespaceOptions From(DaemonOptions options)
    {
        if (options.UsernsRemap is not null && !UserNamespaceService.KernelCan)
        {
            throw new OptionException($"invalid userns-remap \"{options.UsernsRemap}\": {UserNamespaceService.NeededKernel}");
        }

        var auto = options.UsernsRemap == "auto";
        var shared = options.UsernsRemap is null || auto ? null : SubordinateIds.Of(options.UsernsRemap, SubordinateIds.ReadEtc);
        return new UserNamespaceOptions(shared, auto, options.UsernsPool.First, options.UsernsPool.Count);
    }
}
