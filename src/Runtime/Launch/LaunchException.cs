using Berth.Shared.Linux;

namespace Berth.Runtime.Launch;

/// <summary>A process could not be made; everything made on the way is undone already.</summary>
/// <param name="step">What was being done, such as "mount proc on /proc".</param>
/// <param name="errno">None when no system call failed.</param>
/// <param name="message">One sentence for the user.</param>
/// <param name="exitCode">As docker run's: 127 the program was not found, 126 it can't be executed, 125 anything else.</param>
internal sealed class LaunchException(string step, Errno errno, string message, int exitCode = LaunchException.EngineFailed, Exception? inner = null)
    : Exception(message, inner)
{
    public const int EngineFailed = 125, CannotExecute = 126, NotFound = 127;

    public string Step { get; } = step;

    public Errno Errno { get; } = errno;

    public int ExitCode { get; } = exitCode;
}
