using System.Text.Json.Serialization;

namespace Berth.Daemon.Containers.Exec;

/// <summary>A further process of a container: what was asked for, and how far it has come. A value that is replaced, never changed.</summary>
internal sealed record ExecRecord
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required string ContainerId { get; init; }

    /// <summary>Program and arguments; never empty.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>"user[:group]"; empty: the container's.</summary>
    public string User { get; init; } = "";

    /// <summary>Empty: the container's.</summary>
    public string WorkingDirectory { get; init; } = "";

    public bool Tty { get; init; }

    public bool Privileged { get; init; }

    public bool AttachStdin { get; init; }

    public bool AttachStdout { get; init; }

    public bool AttachStderr { get; init; }

    /// <summary>As given; null: the default.</summary>
    public string? DetachKeys { get; init; }

    /// <summary>Rows and columns of the terminal at the start; null: not known.</summary>
    public TerminalSize? ConsoleSize { get; init; }

    public ExecState State { get; init; } = new ExecState.Created();

    public ExecRecord Starting() => State is ExecState.Created ? this with { State = new ExecState.Starting() } : throw Illegal("Starting");

    /// <summary>The process runs. Its exit may have been told before its start.</summary>
    public ExecRecord Started(int pid) => State switch
    {
        ExecState.Starting => this with { State = new ExecState.Running(pid) },
        ExecState.Exited exited => this with { State = exited with { Pid = pid } },
        _ => throw Illegal("Running"),
    };

    public ExecRecord Exited(int exitCode) => State switch
    {
        ExecState.Running running => this with { State = new ExecState.Exited(running.Pid, exitCode) },
        ExecState.Starting => this with { State = new ExecState.Exited(0, exitCode) },
        _ => throw Illegal("Exited"),
    };

    private InvalidOperationException Illegal(string next) => new($"exec {Id}: {State} -> {next}");
}

internal sealed record TerminalSize(int Rows, int Columns);

[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Created), "created")]
[JsonDerivedType(typeof(Starting), "starting")]
[JsonDerivedType(typeof(Running), "running")]
[JsonDerivedType(typeof(Exited), "exited")]
internal abstract record ExecState
{
    internal sealed record Created : ExecState;

    internal sealed record Starting : ExecState;

    /// <param name="Pid">On the host.</param>
    internal sealed record Running(int Pid) : ExecState;

    /// <param name="Pid">What it had on the host; 0: it never ran, or its exit was quicker than the news of its start.</param>
    /// <param name="ExitCode">126 or 127 when the program could not be run.</param>
    internal sealed record Exited(int Pid, int ExitCode) : ExecState;
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExecRecord))]
internal sealed partial class ExecJson : JsonSerializerContext;
