using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers;

/// <summary>New defaults for containers that are made from now on; those that are there keep what they were made with.</summary>
internal sealed class ContainersReload(InForce<EngineFacts> facts, CdiRegistry cdi) : IReloadable
{
    public Action Prepare(DaemonOptions next)
    {
        var changed = EngineFactsReader.WithDefaults(facts.Value, next.ToContainers());
        return () => facts.Replace(WithCdi(changed, cdi));
    }

    /// <summary>With what CDI offers by the options in force.</summary>
    public static EngineFacts WithCdi(EngineFacts facts, CdiRegistry cdi) => facts with
    {
        HasCdi = cdi.SpecDirs.Count > 0,
        HasCdiGpus = cdi.Names().Any(name => name.StartsWith("nvidia.com/gpu=", StringComparison.Ordinal)),
    };
}
