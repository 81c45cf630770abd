using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary>Exit codes for containers that could not be started, by shells' convention.</summary>
internal static class StartFailures
{
    private const int Refused = 125;
    private const int NotExecutable = 126;
    private const int NotFound = 127;

    public static CommandFailedException Explain(EngineReplyException refused)
        => new(refused.Message + "\n\nRun 'berth run --help' for more information", ExitCode(refused.Words), refused);

    public static int ExitCode(string words)
    {
        if (words.Contains("executable file not found", StringComparison.OrdinalIgnoreCase) || words.Contains("no such file or directory", StringComparison.OrdinalIgnoreCase))
        {
            return NotFound;
        }

        return words.Contains("permission denied", StringComparison.OrdinalIgnoreCase) || words.Contains("is a directory", StringComparison.OrdinalIgnoreCase)
            || words.Contains("exec format error", StringComparison.OrdinalIgnoreCase)
            ? NotExecutable
            : Refused;
    }
}
