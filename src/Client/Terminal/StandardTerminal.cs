using Berth.Shared.Linux;

namespace Berth.Client.Terminal;

/// <summary>The terminal behind descriptors 0, 1 and 2, if any.</summary>
internal sealed class StandardTerminal : ITerminal
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    public bool IsInputTerminal => Terminals.IsTerminal(Input);

    public bool IsOutputTerminal => Terminals.IsTerminal(Output);

    public bool IsErrorTerminal => Terminals.IsTerminal(Error);

    // Output first: it is what gets drawn on. Input tells the size when only output is redirected.
    public WindowSize? Size => Terminals.GetSize(Output) ?? Terminals.GetSize(Input);

    public IDisposable EnterRawMode() => new RawMode(Input);
}
