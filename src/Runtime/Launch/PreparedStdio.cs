using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>Both ends of a process's standard streams, until the clone; afterwards ours go to a <see cref="LaunchedProcess"/>.</summary>
internal sealed class PreparedStdio : IDisposable
{
    private readonly SafeFileHandle?[] _theirs = new SafeFileHandle?[3];
    private readonly SafeFileHandle?[] _ours = new SafeFileHandle?[3];

    private PreparedStdio()
    {
    }

    /// <summary>The descriptor that becomes the child's stream of that number; null: it keeps its own.</summary>
    public SafeFileHandle? Theirs(int stream) => _theirs[stream];

    public SafeFileHandle? Stdin => _ours[0];

    public SafeFileHandle? Stdout => _ours[1];

    public SafeFileHandle? Stderr => _ours[2];

    /// <summary>Our side of the terminal; the child's side is then all three of its streams.</summary>
    public SafeFileHandle? TerminalMaster { get; private set; }

    /// <summary>Its number in /dev/pts.</summary>
    public int TerminalNumber { get; private set; }

    /// <param name="owner">The host's number of the user that the streams belong to, so that the program may open /dev/stdout again.</param>
    public static PreparedStdio Create(LaunchStdio stdio, uint owner)
    {
        var prepared = new PreparedStdio();
        try
        {
            prepared.Open(0, stdio.Stdin, owner);
            prepared.Open(1, stdio.Stdout, owner);
            prepared.Open(2, stdio.Stderr, owner);
            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    public static PreparedStdio CreateTerminal(PseudoTerminal terminal, uint owner)
    {
        FilesAt.ChangeOwner(terminal.Slave, owner, uint.MaxValue);
        FilesAt.SetNonBlocking(terminal.Master);
        var prepared = new PreparedStdio { TerminalMaster = terminal.Master, TerminalNumber = terminal.Number };
        prepared._theirs[0] = terminal.Slave;
        return prepared;
    }

    public void AddTo(StepList steps)
    {
        // A session of its own: the launcher's terminal, if it has one, is none of the container's business.
        steps.Call("make a session", null, SyscallNumber.Setsid).Tolerating(Errno.EPERM);
        if (TerminalMaster is not null)
        {
            const int setControllingTerminal = 0x540E;
            steps.Call("take the terminal", null, SyscallNumber.Ioctl, _theirs[0]!, setControllingTerminal, 0);
        }

        for (var stream = 0; stream < 3; stream++)
        {
            if ((TerminalMaster is null ? _theirs[stream] : _theirs[0]) is { } end)
            {
                steps.Call("set up the standard streams", null, SyscallNumber.Dup3, end, stream, 0);
            }
        }
    }

    /// <summary>The child has its ends; ours are left to the caller.</summary>
    public void CloseTheirs()
    {
        foreach (var end in _theirs)
        {
            end?.Dispose();
        }
    }

    public void Dispose()
    {
        CloseTheirs();
        TerminalMaster?.Dispose();
        foreach (var end in _ours)
        {
            end?.Dispose();
        }
    }

    private void Open(int stream, StreamSource source, uint owner)
    {
        switch (source)
        {
            case StreamSource.Null:
                _theirs[stream] = FilesAt.Open("/dev/null", stream == 0 ? OpenFlags.ReadOnly : OpenFlags.ReadWrite);
                break;
            case StreamSource.Pipe:
                var (read, write) = FilesAt.Pipe();
                (_theirs[stream], _ours[stream]) = stream == 0 ? (read, write) : (write, read);
                FilesAt.SetNonBlocking(_ours[stream]!);
                FilesAt.ChangeOwner(_theirs[stream]!, owner, uint.MaxValue);
                break;
            case StreamSource.Inherit:
                OwnInherited(stream, owner);
                break;
        }
    }

    /// <summary>Pipes, sockets and terminals only: a file or a device that the caller gave stays whose it is.</summary>
    private static void OwnInherited(int stream, uint owner)
    {
        using var inherited = new SafeFileHandle(stream, ownsHandle: false);
        var facts = FilesAt.Stat(inherited);
        const uint socket = 0xC000, pseudoTerminalFirst = 136, pseudoTerminalLast = 143;
        var isTerminal = facts.IsCharacterDevice && facts.DeviceMajor is >= pseudoTerminalFirst and <= pseudoTerminalLast;
        if (facts.Uid == owner || !((facts.Mode & OpenFlags.TypeMask) is OpenFlags.Fifo or socket || isTerminal))
        {
            return;
        }

        try
        {
            FilesAt.ChangeOwner(inherited, owner, uint.MaxValue);
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPERM or Errno.EROFS or Errno.EINVAL)
        {
            // Somebody else's: the program can use the stream, only not open it anew.
        }
    }
}
