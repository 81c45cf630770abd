using System.Diagnostics;
using System.Text;

namespace Berth.Kit;

/// <summary>What a finished program gave back.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Standard output without its last line end.</summary>
    public string Text => Output.TrimEnd('\n');

    /// <exception cref="InvalidOperationException">The exit status is another one; the message holds what was written.</exception>
    public CommandResult Expect(int exitCode) => ExitCode == exitCode
        ? this
        : throw new InvalidOperationException($"exit status {ExitCode}, expected {exitCode}\nstdout: {Output}\nstderr: {Error}");
}

/// <summary>Runs real programs, the way a user does.</summary>
public sealed class Command(string program, params string[] arguments)
{
    private readonly Dictionary<string, string?> environment = [];
    private byte[]? input;
    private TimeSpan deadline = TimeSpan.FromSeconds(60);
    private string? directory;

    public Command With(string variable, string? value)
    {
        environment[variable] = value;
        return this;
    }

    public Command In(string workingDirectory)
    {
        directory = workingDirectory;
        return this;
    }

    public Command Input(string text) => Input(Encoding.UTF8.GetBytes(text));

    public Command Input(byte[] bytes)
    {
        input = bytes;
        return this;
    }

    public Command Within(TimeSpan time)
    {
        deadline = time;
        return this;
    }

    /// <summary>Starts it and leaves its streams to the caller.</summary>
    public Process Start()
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (directory is not null)
        {
            start.WorkingDirectory = directory;
        }

        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="TimeoutException">It did not end in time and was killed; the message holds what it had written.</exception>
    public async Task<CommandResult> RunAsync()
    {
        using var process = Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            if (input is not null)
            {
                await process.StandardInput.BaseStream.WriteAsync(input);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program has gone without reading all of its input; its exit status tells why.
        }

        using var late = new CancellationTokenSource(deadline);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {deadline}\nstdout: {await output}\nstderr: {await error}");
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }
}
