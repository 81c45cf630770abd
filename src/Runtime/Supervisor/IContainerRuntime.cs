using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Cgroups;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor;

/// <summary>Makes the container and its further processes: Berth's own launcher, or another OCI runtime's program.</summary>
internal interface IContainerRuntime : IDisposable
{
    /// <exception cref="Launch.LaunchException">The container was not made, and nothing of it is left.</exception>
    /// <param name="namespacesMade">Told the pid of a process in the container's namespaces, which goes on when this returns.</param>
    SupervisedProcess Launch(SupervisorLaunch launch, Action<int> namespacesMade);

    /// <exception cref="Launch.LaunchException">The process was not made.</exception>
    SupervisedProcess Exec(ExecRequest request);

    /// <summary>The container's cgroup; null when it has none of its own.</summary>
    ICgroup? Cgroup { get; }

    /// <summary>Undoes what <see cref="Launch"/> made, after the last process's end; runs the poststop hooks.</summary>
    /// <returns>What could not be undone, one sentence each.</returns>
    IReadOnlyList<string> Remove();
}

/// <summary>A process in the container, a child of this one.</summary>
/// <param name="PidFd">Readable at its end; owned by the holder of the record.</param>
/// <param name="Stdio">Owned by the holder of the record.</param>
internal sealed record SupervisedProcess(int Pid, SafeFileHandle PidFd, ProcessStdio Stdio, IReadOnlyList<string> Warnings);
