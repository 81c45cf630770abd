using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Spec;

/// <summary>What <see cref="SpecBuilder"/> puts together; everything that had to be looked up on the host is in here.</summary>
internal sealed record SpecInput
{
    public required ContainerRecord Container { get; init; }

    public required ContainerUser User { get; init; }

    /// <summary>Of the UTS namespace that the container sees.</summary>
    public required string Hostname { get; init; }

    public required string CgroupPath { get; init; }

    public required bool IsCgroupV2 { get; init; }

    /// <summary>A network namespace to join; null for the host's.</summary>
    public string? NetworkNamespacePath { get; init; }

    /// <summary>The network namespace is made with the container, and configured before its program starts.</summary>
    public bool NetworkIsNew { get; init; }

    /// <summary>The container's user namespace; null: the host's.</summary>
    public UserMapping? Users { get; init; }

    /// <summary>The network namespace is another container's: its sysctls are not ours to set.</summary>
    public bool NetworkIsShared { get; init; }

    /// <summary>Namespaces of other containers: type and path.</summary>
    public IReadOnlyList<OciNamespace> Joined { get; init; } = [];

    /// <summary>The /dev/shm of the container whose IPC namespace is joined.</summary>
    public string? SharedMemoryPath { get; init; }

    /// <summary>Host path of each mount that has one, by target: binds as they are, volumes by their directories.</summary>
    public required IReadOnlyDictionary<string, string> MountSources { get; init; }

    /// <summary>What each image mount lays over one another, top first, by target: directories, or one file.</summary>
    public IReadOnlyDictionary<string, string[]> ImageLayers { get; init; } = new Dictionary<string, string[]>();

    /// <summary>/etc/resolv.conf, /etc/hostname and /etc/hosts: target and host path.</summary>
    public required IReadOnlyList<(string Target, string Source)> EtcFiles { get; init; }

    /// <summary>Variables that tell of linked containers; the container's own win over them.</summary>
    public IReadOnlyList<string> LinkVariables { get; init; } = [];

    public IReadOnlyList<OciDevice> Devices { get; init; } = [];

    /// <summary>Of the CDI devices; their nodes are in <see cref="Devices"/>.</summary>
    public CdiEdits Edits { get; init; } = CdiEdits.None;

    /// <summary>Rules for <see cref="Devices"/>, in addition to those for the ordinary ones.</summary>
    public IReadOnlyList<OciDeviceRule> DeviceRules { get; init; } = [];

    /// <summary>With device numbers, as far as limits are by device.</summary>
    public required OciResources Limits { get; init; }

    public OciSeccomp? Seccomp { get; init; }

    /// <summary>Paths per processor that are masked where they exist.</summary>
    public IReadOnlyList<string> FurtherMaskedPaths { get; init; } = [];

    public ContainerPlan Plan => Container.Plan;
}
