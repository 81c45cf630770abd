namespace Berth.Runtime.Launch;

/// <summary>Makes containers and further processes in them.</summary>
/// <remarks>Only for processes with one managed thread and no concurrent GC: the child is a copy made by clone3(2) without an execve in between.</remarks>
internal static partial class ContainerLauncher
{
    // Launch(LaunchRequest) -> LaunchedContainer, Exec(ExecLaunch) -> LaunchedProcess, in files of their own.
}
