using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Commands;

/// <summary>Between a container's terminal and the one that this program was started on, which is raw meanwhile.</summary>
internal sealed class TerminalRelay : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Termios? _before;
    private SafeFileHandle? _input = new(0, ownsHandle: false);
    private SafeFileHandle? _master;

    private TerminalRelay(SafeFileHandle master)
    {
        _master = master;
        if (Terminals.IsTerminal(0))
        {
            _before = Terminals.GetState(0);
            Terminals.SetState(0, Terminals.Raw(_before.Value));
        }

        Resize();
    }

    /// <summary>Null once the terminal's other side is closed.</summary>
    public SafeFileHandle? Master => _master;

    /// <summary>Null once the user's input has ended.</summary>
    public SafeFileHandle? Input => _input;

    public static TerminalRelay? Begin(SafeFileHandle? master) => master is null ? null : new TerminalRelay(master);

    public void Resize()
    {
        if (_master is not null && Terminals.GetSize(0) is { } size)
        {
            Terminals.SetSize(_master.Fd(), size);
        }
    }

    public void Carry(bool fromProcess, bool fromUser)
    {
        if (fromProcess && _master is not null)
        {
            _master = Copy(_master, 1) ? _master : null;
        }

        if (fromUser && _input is not null && _master is not null)
        {
            var count = ByteStreams.Read(_input, _buffer);
            const byte endOfTransmission = 4;
            if (count == 0)
            {
                // A terminal has no end of file; ctrl-D is how one types it.
                ByteStreams.Write(_master, [endOfTransmission]);
                _input = null;
                return;
            }

            ByteStreams.Write(_master, _buffer.AsSpan(0, count));
        }
    }

    public void Dispose()
    {
        if (_before is { } state)
        {
            Terminals.SetState(0, state);
        }
    }

    /// <returns>False at the end.</returns>
    private bool Copy(SafeFileHandle from, int to)
    {
        try
        {
            var count = ByteStreams.Read(from, _buffer);
            using var output = new SafeFileHandle(to, ownsHandle: false);
            ByteStreams.Write(output, _buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (ErrnoException e) when (e.Errno == Errno.EIO)
        {
            return false; // every process that had the terminal has closed it
        }
    }
}
