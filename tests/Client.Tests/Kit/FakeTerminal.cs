using Berth.Client.Terminal;
using Berth.Shared.Linux;

namespace Berth.Client.Tests.Kit;

/// <summary>A terminal, or none, as a test needs it.</summary>
internal sealed class FakeTerminal : ITerminal
{
    public bool IsInputTerminal { get; init; }

    public bool IsOutputTerminal { get; init; }

    public bool IsErrorTerminal { get; init; }

    public WindowSize? Size { get; init; }

    public int TimesRaw { get; private set; }

    public int TimesRestored { get; private set; }

    public IDisposable EnterRawMode()
    {
        TimesRaw++;
        return new Restore(this);
    }

    private sealed class Restore(FakeTerminal terminal) : IDisposable
    {
        public void Dispose() => terminal.TimesRestored++;
    }
}
