using Berth.Shared.Cgroups;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>One more process for a running container.</summary>
internal sealed record ExecLaunch
{
    /// <summary>The container's configuration, for its seccomp profile and namespaces.</summary>
    public required OciSpec Spec { get; init; }

    /// <summary>The container's first process.</summary>
    public required int ContainerPid { get; init; }

    /// <inheritdoc cref="ContainerPid"/>
    public required SafeFileHandle ContainerPidFd { get; init; }

    /// <summary>Null: the new process stays in the launcher's cgroup, as the container does.</summary>
    public ICgroup? Cgroup { get; init; }

    public required OciProcess Process { get; init; }

    public LaunchStdio Stdio { get; init; } = LaunchStdio.Detached;

    /// <inheritdoc cref="LaunchRequest.PreservedDescriptors"/>
    public int PreservedDescriptors { get; init; }

    /// <inheritdoc cref="LaunchRequest.DiesWithParent"/>
    public bool DiesWithParent { get; init; } = true;
}
