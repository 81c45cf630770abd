namespace Berth.Daemon.Containers.Queries;

/// <summary>Which execs a container has; implemented by the exec feature.</summary>
internal interface IRunningExecs
{
    IReadOnlyList<string> IdsOf(string containerId);
}
