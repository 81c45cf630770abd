namespace Berth.Runtime.Launch;

/// <summary>What a process is given as one of its standard streams.</summary>
internal enum StreamSource
{
    /// <summary>/dev/null.</summary>
    Null,

    /// <summary>A pipe whose other end the launcher returns.</summary>
    Pipe,

    /// <summary>The launching process's own descriptor of that number.</summary>
    Inherit,
}

/// <summary>The three standard streams of a process without a terminal.</summary>
internal sealed record LaunchStdio(StreamSource Stdin, StreamSource Stdout, StreamSource Stderr)
{
    public static LaunchStdio Inherited { get; } = new(StreamSource.Inherit, StreamSource.Inherit, StreamSource.Inherit);

    public static LaunchStdio Detached { get; } = new(StreamSource.Null, StreamSource.Null, StreamSource.Null);

    public static LaunchStdio Pipes(bool openStdin) => new(openStdin ? StreamSource.Pipe : StreamSource.Null, StreamSource.Pipe, StreamSource.Pipe);
}
