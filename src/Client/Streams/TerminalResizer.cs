using System.Runtime.InteropServices;
using Berth.Client.Engine;
using Berth.Shared.Linux;

namespace Berth.Client.Streams;

/// <summary>Keeps a container's terminal as large as ours.</summary>
internal sealed class TerminalResizer : IDisposable
{
    private readonly ClientWorld _world;
    private readonly string _path;
    private readonly PosixSignalRegistration _windowChanged;
    private readonly Lock _oneAtATime = new();
    private WindowSize? _sent;

    /// <param name="path"><c>/containers/x</c> or <c>/exec/x</c>.</param>
    /// <param name="alreadySet">The size the terminal was created with.</param>
    public TerminalResizer(ClientWorld world, string path, WindowSize? alreadySet = null)
    {
        _world = world;
        _path = path;
        _sent = alreadySet;
        _windowChanged = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => SendSize());
    }

    /// <summary>Tells the daemon the size, unless it knows.</summary>
    public void SendSize()
    {
        lock (_oneAtATime)
        {
            if (_world.Terminal.Size is not { Rows: > 0, Columns: > 0 } size || size == _sent)
            {
                return;
            }

            try
            {
                _world.Engine.Do("POST", $"{_path}/resize?h={size.Rows}&w={size.Columns}");
                _sent = size;
            }
            catch (Exception failed) when (failed is EngineReplyException or IOException or EngineUnreachableException)
            {
                // The program has ended or has not begun; the next change or the stream's end follows.
            }
        }
    }

    public void Dispose() => _windowChanged.Dispose();
}
