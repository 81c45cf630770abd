using Berth.Runtime.Launch;
using Berth.Shared.Linux;

namespace Berth.Runtime.Commands;

/// <summary>The forced end of a process that was just made.</summary>
internal static class ProcessEnding
{
    /// <summary>SIGKILL, wait and reap.</summary>
    public static void Stop(this LaunchedProcess process)
    {
        Processes.TrySignal(process.PidFd, Signals.Kill);
        Waiting.ForInput(process.PidFd);
        Processes.TryReap(process.Pid, out _);
    }
}
