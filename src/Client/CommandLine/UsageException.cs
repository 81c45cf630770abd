namespace Berth.Client.CommandLine;

/// <summary>The command line itself is wrong: the message is followed by the command's usage.</summary>
/// <param name="exitCode">1, and 125 for the options of run and exec, whose other codes belong to the container.</param>
internal sealed class UsageException(string message, CommandSpec? command = null, int exitCode = 1) : Exception(message)
{
    public CommandSpec? Command { get; } = command;

    public int ExitCode { get; } = exitCode;
}
