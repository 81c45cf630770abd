using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Foreign;

/// <summary>Runs another OCI runtime's program: runc, crun, kata-runtime, ... The supervisor waits meanwhile, as it does for its own launcher.</summary>
/// <param name="path">Absolute.</param>
/// <param name="arguments">Those that the administrator wants before every command.</param>
/// <param name="stateRoot">The runtime's --root, of this container alone.</param>
internal sealed class ForeignProgram(string path, IReadOnlyList<string> arguments, string stateRoot)
{
    /// <summary>A runtime that boots a machine may take its time; one that hangs must not hang the daemon for ever.</summary>
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(2);

    private string Name => Path.GetFileName(path);

    /// <exception cref="LaunchException">It failed; the message is the one that it logged.</exception>
    /// <param name="work">A directory of this call alone, for the log.</param>
    public void Run(string step, TemporaryFolder work, IReadOnlyList<string> command, SafeFileHandle? stdin = null, SafeFileHandle? stdout = null, SafeFileHandle? stderr = null)
    {
        var log = work["log.json"];
        var exit = Wait(step, [Name, .. arguments, "--root", stateRoot, "--log", log, "--log-format", "json", .. command], stdin, stdout, stderr);
        if (exit.Code != 0)
        {
            throw Failure(step, LastMessage(log) ?? $"it ended with {exit}");
        }
    }

    private ProcessExit Wait(string step, IReadOnlyList<string> command, SafeFileHandle? stdin, SafeFileHandle? stdout, SafeFileHandle? stderr)
    {
        try
        {
            using var process = Spawn.Start(path, command, Environment, stdin: stdin, stdout: stdout, stderr: stderr);
            var inTime = Waiting.ForInput(process.PidFd, limit);
            if (!inTime)
            {
                process.TrySignal(9);
                Waiting.ForInput(process.PidFd);
            }

            Processes.TryReap(process.Pid, out var exit);
            return inTime ? exit : throw Failure(step, $"it did not end within {limit.TotalMinutes} minutes");
        }
        catch (ErrnoException notStarted)
        {
            throw new LaunchException(step, notStarted.Errno, $"{Name} can't be run: {notStarted.Message}", inner: notStarted);
        }
    }

    private static string[] Environment
        => ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "XDG_RUNTIME_DIR=/run"];

    private LaunchException Failure(string step, string message)
    {
        var exitCode = message switch
        {
            _ when message.Contains("executable file not found", StringComparison.Ordinal) => LaunchException.NotFound,
            _ when message.Contains("exec", StringComparison.Ordinal) && message.Contains("o such file or directory", StringComparison.Ordinal) => LaunchException.NotFound,
            _ when message.Contains("exec", StringComparison.Ordinal) && message.Contains("ermission denied", StringComparison.Ordinal) => LaunchException.CannotExecute,
            _ => LaunchException.EngineFailed,
        };
        return new LaunchException(step, Errno.None, $"{Name}: {message}", exitCode);
    }

    /// <summary>The "msg" of the last line that is an error.</summary>
    private static string? LastMessage(string log)
    {
        string? message = null;
        foreach (var line in File.Exists(log) ? File.ReadAllLines(log) : [])
        {
            try
            {
                using var entry = JsonDocument.Parse(line);
                if (entry.RootElement.TryGetProperty("level", out var level) && level.ValueEquals("error") && entry.RootElement.TryGetProperty("msg", out var text))
                {
                    message = text.GetString();
                }
            }
            catch (JsonException)
            {
                message = line; // what a runtime says outside of its own format is worth telling too
            }
        }

        return message;
    }
}
