using System.Runtime.InteropServices;
using Berth.Shared.Linux;

namespace Berth.Client.Terminal;

/// <summary>A terminal in raw mode. It is put back on disposal, at the process's end, and when a signal ends the process: a shell left without echo is the worst goodbye.</summary>
internal sealed class RawMode : IDisposable
{
    private readonly int _descriptor;
    private readonly Termios _before;
    private readonly PosixSignalRegistration[] _signals;
    private int _restored;

    public RawMode(int descriptor)
    {
        _descriptor = descriptor;
        _before = Terminals.GetState(descriptor);
        PosixSignal[] ending = [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT];
        _signals = [.. ending.Select(signal => PosixSignalRegistration.Create(signal, _ => Restore()))];
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        Terminals.SetState(descriptor, Terminals.Raw(_before));
    }

    public void Dispose()
    {
        Restore();
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
    }

    private void OnProcessExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        if (Interlocked.Exchange(ref _restored, 1) != 0)
        {
            return;
        }

        try
        {
            Terminals.SetState(_descriptor, in _before);
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.EIO or Errno.ENOTTY or Errno.EBADF)
        {
            // The terminal was closed under us: nobody is left to see its state.
        }
    }
}
