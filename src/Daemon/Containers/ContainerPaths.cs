namespace Berth.Daemon.Containers;

/// <summary>Where a container's files lie: its own under the data root, its supervisor's under the run directory.</summary>
internal sealed class ContainerPaths(ContainersOptions options)
{
    public string Containers { get; } = Path.Combine(Path.GetFullPath(options.DataRoot), "containers");

    /// <summary>Directories of removed containers, renamed here and deleted in the background.</summary>
    public string Trash { get; } = Path.Combine(Path.GetFullPath(options.DataRoot), "containers", ".trash");

    /// <summary>The same for volumes, which may lie on a disk of their own.</summary>
    public string VolumeTrash { get; } = Path.Combine(Path.GetFullPath(options.DataRoot), "volumes", ".trash");

    public string Runs { get; } = Path.Combine(Path.GetFullPath(options.ExecRoot), "containers");

    /// <summary>The bundle: holds config.json and all that follows.</summary>
    public string Directory(string id) => Path.Combine(Containers, id);

    public string BundleConfig(string id) => Path.Combine(Containers, id, "config.json");

    /// <summary>The writable layer.</summary>
    public string Diff(string id) => Path.Combine(Containers, id, "diff");

    public string Work(string id) => Path.Combine(Containers, id, "work");

    public string Log(string id) => Path.Combine(Containers, id, $"{id}-json.log");

    public string Hostname(string id) => Path.Combine(Containers, id, "hostname");

    public string Hosts(string id) => Path.Combine(Containers, id, "hosts");

    public string ResolvConf(string id) => Path.Combine(Containers, id, "resolv.conf");

    /// <summary>SHA-256 of resolv.conf as it was written, by which the container's own changes are known.</summary>
    public string ResolvConfDigest(string id) => Path.Combine(Containers, id, "resolv.conf.sha256");

    /// <summary>The record that the supervisor leaves when the run ends.</summary>
    public string Exit(string id) => Path.Combine(Containers, id, "exit.json");

    public string Run(string id) => Path.Combine(Runs, id);

    public string SupervisorSocket(string id) => Path.Combine(Runs, id, "supervisor.sock");

    /// <summary>"pid starttime" of the supervisor, written before it is told to launch.</summary>
    public string SupervisorPid(string id) => Path.Combine(Runs, id, "supervisor.pid");
}
