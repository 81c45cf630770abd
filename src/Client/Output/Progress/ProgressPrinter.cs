using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Terminal;

namespace Berth.Client.Output.Progress;

/// <summary>Shows a stream of progress: on a terminal a line for each id, redrawn in place; elsewhere one line for each step.</summary>
internal sealed class ProgressPrinter
{
    private const int DefaultWidth = 80;

    private readonly ByteSink _sink;
    private readonly bool _isTerminal;
    private readonly ITerminal _terminal;
    private readonly List<string> _ids = [];
    private readonly Dictionary<string, string> _shown = [];

    private ProgressPrinter(ByteSink sink, bool isTerminal, ITerminal terminal)
    {
        _sink = sink;
        _isTerminal = isTerminal;
        _terminal = terminal;
    }

    /// <param name="sink">Where to show it; <see langword="null"/> to watch for failures only.</param>
    /// <param name="onAux">Gets the values the daemon slips in for programs.</param>
    /// <exception cref="CommandFailedException">The daemon reported a failure within the stream.</exception>
    public static void Follow(IEnumerable<JsonElement> messages, ByteSink? sink, bool isTerminal, ITerminal terminal, Action<JsonElement>? onAux = null)
    {
        var printer = sink is null ? null : new ProgressPrinter(sink, isTerminal, terminal);
        foreach (var message in messages)
        {
            var failure = message.At("errorDetail").Text("message") is { Length: > 0 } detail ? detail : message.Text("error");
            if (failure.Length > 0)
            {
                sink?.Flush();
                throw new CommandFailedException(failure);
            }

            if (message.At("aux") is { ValueKind: not JsonValueKind.Undefined } aux)
            {
                onAux?.Invoke(aux);
                continue;
            }

            printer?.Show(message);
        }

        sink?.Flush();
    }

    private void Show(JsonElement message)
    {
        if (message.Text("stream") is { Length: > 0 } text)
        {
            _sink.Write(text);
            _sink.Flush();
            return;
        }

        var line = ProgressLine.Read(message);
        if (!_isTerminal)
        {
            // Counting is for eyes; a log wants the steps.
            if (!line.IsCounting && (line.Id.Length == 0 || _shown.GetValueOrDefault(line.Id) != line.Status))
            {
                _shown[line.Id] = line.Status;
                _sink.WriteLine(line.Draw(DefaultWidth));
                _sink.Flush();
            }

            return;
        }

        var width = _terminal.Size?.Columns ?? DefaultWidth;
        var drawn = line.Draw(width);
        drawn = drawn.Length > width ? drawn[..width] : drawn; // a wrapped line would shift all below it
        if (line.Id.Length == 0)
        {
            // A line of its own; the lines above are history from here on.
            _ids.Clear();
            _sink.WriteLine(drawn);
        }
        else
        {
            Redraw(line.Id, drawn);
        }

        _sink.Flush();
    }

    private void Redraw(string id, string drawn)
    {
        var at = _ids.IndexOf(id);
        if (at < 0)
        {
            _ids.Add(id);
            _sink.WriteLine(drawn);
            return;
        }

        var up = _ids.Count - at;
        _sink.Write($"\u001b[{up}A\u001b[2K\r{drawn}\r\u001b[{up}B");
    }
}
