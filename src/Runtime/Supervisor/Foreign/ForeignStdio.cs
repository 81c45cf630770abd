using Berth.Runtime.Launch;
using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Foreign;

/// <summary>Stdio for a process that another runtime makes: pipes that it passes on, or a terminal that it makes and sends through a socket.</summary>
internal sealed class ForeignStdio : IDisposable
{
    private static readonly TimeSpan terminalLimit = TimeSpan.FromSeconds(10);

    private readonly List<SafeFileHandle> theirs = [];
    private readonly List<SafeFileHandle> ours = [];
    private SafeFileHandle? listener;
    private SafeFileHandle? ourStdin;
    private SafeFileHandle? ourStdout;
    private SafeFileHandle? ourStderr;

    /// <summary>What the runtime is started with.</summary>
    public SafeFileHandle? Stdin { get; private set; }

    /// <inheritdoc cref="Stdin"/>
    public SafeFileHandle? Stdout { get; private set; }

    /// <inheritdoc cref="Stdin"/>
    public SafeFileHandle? Stderr { get; private set; }

    /// <summary>The runtime's option, or nothing without a terminal.</summary>
    public IReadOnlyList<string> Option { get; private set; } = [];

    public static ForeignStdio Pipes(bool stdin, bool stdout, bool stderr)
    {
        var stdio = new ForeignStdio();
        if (stdin)
        {
            (stdio.Stdin, stdio.ourStdin) = FilesAt.Pipe();
            stdio.Keep(stdio.Stdin, stdio.ourStdin);
        }

        if (stdout)
        {
            (stdio.ourStdout, stdio.Stdout) = FilesAt.Pipe();
            stdio.Keep(stdio.Stdout, stdio.ourStdout);
        }

        if (stderr)
        {
            (stdio.ourStderr, stdio.Stderr) = FilesAt.Pipe();
            stdio.Keep(stdio.Stderr, stdio.ourStderr);
        }

        return stdio;
    }

    public static ForeignStdio Terminal(TemporaryFolder work)
    {
        var path = work["console.sock"];
        return new ForeignStdio { listener = UnixListener.Listen(path), Option = ["--console-socket", path] };
    }

    /// <summary>Our ends, once the runtime has made the process; no longer owned by this object.</summary>
    /// <exception cref="LaunchException">The runtime did not send the terminal.</exception>
    public ProcessStdio Take()
    {
        var terminal = listener is null ? null : ReceiveTerminal();
        ours.Clear();
        return new ProcessStdio(ourStdin, ourStdout, ourStderr, terminal);
    }

    public void Dispose()
    {
        listener?.Dispose();
        theirs.ForEach(handle => handle.Dispose());
        ours.ForEach(handle => handle.Dispose());
    }

    private void Keep(SafeFileHandle their, SafeFileHandle our)
    {
        FilesAt.SetNonBlocking(our);
        theirs.Add(their);
        ours.Add(our);
    }

    private SafeFileHandle ReceiveTerminal()
    {
        const string step = "receive the terminal";
        if (!Waiting.ForInput(listener!, terminalLimit) || UnixListener.Accept(listener!) is not { } connection)
        {
            throw new LaunchException(step, Errno.ETIMEDOUT, "The runtime did not send the container's terminal");
        }

        using (connection)
        {
            if (!Waiting.ForInput(connection, terminalLimit))
            {
                throw new LaunchException(step, Errno.ETIMEDOUT, "The runtime did not send the container's terminal");
            }

            var terminal = UnixListener.ReceiveDescriptor(connection);
            FilesAt.SetNonBlocking(terminal);
            return terminal;
        }
    }
}
