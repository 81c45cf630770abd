using Berth.Client.Engine;
using Berth.Client.Output.Templates;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Client.CommandLine;

/// <summary>Takes a command line from its words to its exit code, and turns every failure into words.</summary>
internal sealed class Shell(ClientWorld world, GlobalOptions globals)
{
    private const int BrokenPipeExitCode = 128 + 13; // what a shell reports of a program ended by SIGPIPE
    private const int DefaultWidth = 80;

    private int Width => world.Terminal.Size is { Columns: > 40 } size ? size.Columns : DefaultWidth;

    public int Run(ReadOnlySpan<string> words)
    {
        var exitCode = 1;
        try
        {
            exitCode = RunCommandLine(words);
            world.Out.Flush();
        }
        catch (UsageException wrong)
        {
            exitCode = Explain(wrong);
        }
        catch (ErrnoException gone) when (gone is { Errno: Errno.EPIPE, Call: "write" })
        {
            return BrokenPipeExitCode; // whoever read our output has had enough
        }
        catch (Exception failed) when (globals.IsDebug ? Trace(failed) : IsExpected(failed))
        {
            exitCode = Report(failed, null);
        }

        world.Out.Flush();
        world.Err.Flush();
        return exitCode;
    }

    private int RunCommandLine(ReadOnlySpan<string> words)
    {
        var rest = globals.Parse(words);
        if (globals.WantsVersion)
        {
            world.Out.WriteLine($"Berth version {ClientVersion.Text}");
            return 0;
        }

        if (globals.WantsHelp || rest.Count == 0)
        {
            world.Out.Write(Overview.Format(world.Commands, Width));
            return 0;
        }

        if (rest[0] == "help")
        {
            rest.RemoveAt(0);
            rest.Add("--help");
            if (rest.Count == 1)
            {
                return RunCommandLine(["--help"]);
            }
        }

        if (CommandTree.IsGroup(rest[0]))
        {
            if (rest.Count == 1 || rest[1] is "--help" or "-h")
            {
                world.Out.Write(Overview.FormatGroup(world.Commands, rest[0], Width));
                return 0;
            }

            rest[1] = $"{rest[0]} {rest[1]}";
            rest.RemoveAt(0);
        }

        var command = world.Commands.Find(rest[0]) ?? throw UnknownCommand(rest[0]);
        return RunCommand(command, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rest)[1..]);
    }

    private int RunCommand(CommandSpec command, ReadOnlySpan<string> words)
    {
        var (options, arguments) = CommandParser.Parse(command, words);
        if (options.Get(CommandParser.Help))
        {
            world.Out.Write(HelpWriter.Format(command, Width));
            return 0;
        }

        if (command.Arguments.Refuse(arguments.Count) is { } refusal)
        {
            throw new UsageException($"'berth {command.Path}' {refusal}", command);
        }

        try
        {
            return command.Run(new Invocation(command, options, arguments, world));
        }
        catch (Exception failed) when (command.UsageExitCode != 1 && !globals.IsDebug && failed is not ErrnoException { Errno: Errno.EPIPE, Call: "write" } && IsExpected(failed))
        {
            // The command's own exit codes belong to the container's program: ours stay above 124.
            return Report(failed, command);
        }
    }

    private UsageException UnknownCommand(string path)
    {
        var words = path.Split(' ');
        var known = words.Length == 1 ? world.Commands.FirstWords : world.Commands.InGroup(words[0]).Select(static entry => entry.Word);
        var near = Suggestions.Nearest(words[^1], known);
        var prefix = words.Length == 1 ? "berth " : $"berth {words[0]} ";
        var advice = near.Count == 0 ? "" : $"\n\nDid you mean this?\n{string.Join('\n', near.Select(word => $"        {prefix}{word}"))}";
        return new UsageException($"unknown command: berth {path}{advice}\n\nRun '{(words.Length == 1 ? "berth" : prefix.TrimEnd())} --help' for more information");
    }

    private int Explain(UsageException wrong)
    {
        world.Out.Flush();
        world.Err.WriteLine($"berth: {wrong.Message}");
        if (wrong.Command is { Path.Length: > 0 } command)
        {
            world.Err.WriteLine($"\nUsage:  berth {command.UsageLine}\n\nRun 'berth {command.Path} --help' for more information");
        }
        else if (wrong.Command is not null)
        {
            world.Err.WriteLine("\nRun 'berth --help' for more information");
        }

        world.Err.Flush();
        return wrong.ExitCode;
    }

    private int Report(Exception failed, CommandSpec? command)
    {
        world.Out.Flush();
        var code = failed is CommandFailedException own ? own.ExitCode : 1;
        var words = IsExpected(failed)
            ? failed.Message
            : failed.ToString();
        if (words.Length > 0)
        {
            world.Err.WriteLine(command is null ? words : $"berth: {words}");
        }

        world.Err.Flush();
        return command is null ? code : Math.Max(code, command.UsageExitCode);
    }

    /// <summary>What users can bring about; anything else is our own bug and ends with a stack trace.</summary>
    private static bool IsExpected(Exception failed)
        => failed is CommandFailedException or EngineReplyException or EngineUnreachableException or EngineException or TemplateException or IOException or UnauthorizedAccessException;

    private bool Trace(Exception failed)
    {
        world.Err.WriteLine(failed.ToString());
        return true;
    }
}
