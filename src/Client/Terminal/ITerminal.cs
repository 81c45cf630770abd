using Berth.Shared.Linux;

namespace Berth.Client.Terminal;

/// <summary>What the standard streams are connected to.</summary>
internal interface ITerminal
{
    bool IsInputTerminal { get; }

    bool IsOutputTerminal { get; }

    bool IsErrorTerminal { get; }

    /// <summary>Size of the terminal that output goes to; <see langword="null"/> when there is none.</summary>
    WindowSize? Size { get; }

    /// <summary>Lets every key through as it is until the result is disposed.</summary>
    IDisposable EnterRawMode();
}
