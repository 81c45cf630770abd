using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Terminal;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client;

/// <summary>Everything outside a command: streams, environment, clock and the daemon. Tests put their own in its place.</summary>
internal sealed class ClientWorld : IDisposable
{
    private readonly Lazy<EngineClient> _engine;

    public ClientWorld(Func<EngineClient> connect) => _engine = new Lazy<EngineClient>(connect, isThreadSafe: false);

    public required ByteSink Out { get; init; }

    public required ByteSink Err { get; init; }

    public required SafeFileHandle Input { get; init; }

    public required ITerminal Terminal { get; init; }

    public required Func<string, string?> Environment { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The daemon's client; its address is worked out when a command first needs it, so that help works without one.</summary>
    public EngineClient Engine => _engine.Value;

    /// <summary>Runs the program's command line within this world; completion and documentation use it too.</summary>
    public CommandTree Commands { get; } = new();

    public void Dispose()
    {
        if (_engine.IsValueCreated)
        {
            _engine.Value.Dispose();
        }
    }
}
