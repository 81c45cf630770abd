using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Launch;

/// <summary>All that <see cref="ContainerLauncher.Launch"/> needs to make one container.</summary>
internal sealed record LaunchRequest
{
    public required string ContainerId { get; init; }

    public required OciSpec Spec { get; init; }

    /// <summary>Directory of config.json; a relative root.path is meant from here, and hooks are told of it.</summary>
    public required string BundlePath { get; init; }

    /// <summary>The root filesystem as an overlay to mount; null: root.path of the configuration.</summary>
    public OverlayRootfs? Rootfs { get; init; }

    /// <summary>Told the pid of the first process when its namespaces are made, which waits until this returns; by an exception it ends the launch.</summary>
    public Action<int>? NamespacesMade { get; init; }

    /// <summary>Where the first process's streams go; of no concern with process.terminal, which gives all three the terminal.</summary>
    public LaunchStdio Stdio { get; init; } = LaunchStdio.Pipes(openStdin: true);

    /// <summary>Null: the program is executed before <see cref="ContainerLauncher.Launch"/> returns. Else the set-up process waits behind this gate.</summary>
    public StartGate? Gate { get; init; }

    /// <summary>SIGKILL for the first process when the launching one dies: for supervisors, not for "create", which ends at once.</summary>
    public bool DiesWithParent { get; init; } = true;

    /// <summary>Descriptors 3 to 2 + this many are kept open for the program (LISTEN_FDS and the like).</summary>
    public int PreservedDescriptors { get; init; }

    /// <summary>An init of the engine's own is the first process, and the program its child.</summary>
    public bool Init { get; init; }

    /// <summary>Where "create --no-pivot" was asked for: the root on an initial ramdisk can't be pivoted away; MS_MOVE and chroot(2) instead.</summary>
    public bool NoPivot { get; init; }
}
