using System.Runtime.InteropServices;
using Berth.Runtime.Launch;
using Berth.Shared.Linux;

namespace Berth.Runtime.Commands;

/// <summary>Waits for a process in the place of its caller: passes on signals and the terminal's bytes.</summary>
internal static class Foreground
{
    /// <returns>The exit code, or 128 + the signal.</returns>
    public static int Wait(LaunchedProcess process, TerminalRelay? terminal)
    {
        // Blocked, and read from a descriptor: this program has one thread and no handlers.
        const ulong passedOn = (1UL << (1 - 1)) | (1UL << (2 - 1)) | (1UL << (3 - 1)) | (1UL << (10 - 1)) | (1UL << (12 - 1)) | (1UL << (15 - 1)) | (1UL << (28 - 1));
        var before = SignalDispositions.SetBlocked(passedOn);
        using var signals = SignalDispositions.OpenDescriptor(passedOn);
        try
        {
            while (true)
            {
                var ready = Waiting.ForAnyInput([process.PidFd, signals, terminal?.Master, terminal?.Input]);
                if (ready[1])
                {
                    PassOn(SignalDispositions.ReadDescriptor(signals), process, terminal);
                }

                if (ready[2] || ready[3])
                {
                    terminal!.Carry(fromProcess: ready[2], fromUser: ready[3]);
                }

                if (ready[0] && !ready[2])
                {
                    Processes.TryReap(process.Pid, out var exit);
                    return exit.Code;
                }
            }
        }
        finally
        {
            SignalDispositions.SetBlocked(before);
        }
    }

    private static void PassOn(int signal, LaunchedProcess process, TerminalRelay? terminal)
    {
        const int windowChanged = 28;
        if (signal == windowChanged)
        {
            terminal?.Resize();
            return;
        }

        Processes.TrySignal(process.PidFd, signal);
    }
}
