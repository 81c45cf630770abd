namespace Berth.Client.CommandLine;

/// <summary>A command cannot do what was asked; the message is all the user needs to read.</summary>
internal sealed class CommandFailedException(string message, int exitCode = 1, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
