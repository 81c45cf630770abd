using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers;

/// <summary>New defaults for containers that are made from now on; those that are there keep what they were made with.</summary>
internal sealed class ContainersReload(InForce<EngineFacts> facts) : IReloadable
{
    public Action Prepare(DaemonOptions next)
    {
        var changed = EngineFactsReader.WithDefaults(facts.Value, next.ToContainers());
        return () => facts.Replace(changed);
    }
}
