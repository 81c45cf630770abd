using System.Text;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>One line of a json-file log: {"log":"text\n","stream":"stdout","attrs":{...},"time":"..."}.</summary>
internal sealed class JsonLineFormat
{
    private readonly byte[] stdoutTail;
    private readonly byte[] stderrTail;

    public JsonLineFormat(Dictionary<string, string>? attributes)
    {
        var attrs = Attributes(attributes);
        stdoutTail = Encoding.UTF8.GetBytes($"\",\"stream\":\"stdout\"{attrs},\"time\":\"");
        stderrTail = Encoding.UTF8.GetBytes($"\",\"stream\":\"stderr\"{attrs},\"time\":\"");
    }

    private static ReadOnlySpan<byte> Head => "{\"log\":\""u8;

    /// <summary>The most bytes that a line of this much text can take.</summary>
    public int MaxLength(int textLength) => Head.Length + (textLength * JsonText.MaxExpansion) + 2 + stdoutTail.Length + 28 + 3;

    /// <param name="complete">The text's line feed was seen; else it is a part of a longer line, or the last one.</param>
    /// <returns>The bytes written.</returns>
    public int Write(Span<byte> to, OutputKind kind, ReadOnlySpan<byte> text, bool complete, ReadOnlySpan<byte> time)
    {
        Head.CopyTo(to);
        var at = Head.Length;
        at += JsonText.Escape(text, to[at..]);
        if (complete)
        {
            @"\n"u8.CopyTo(to[at..]);
            at += 2;
        }

        var tail = kind == OutputKind.Stdout ? stdoutTail : stderrTail;
        tail.CopyTo(to[at..]);
        at += tail.Length;
        time.CopyTo(to[at..]);
        at += time.Length;
        "\"}\n"u8.CopyTo(to[at..]);
        return at + 3;
    }

    // In the order of the names, as the maps of Docker's own encoder come out.
    private static string Attributes(Dictionary<string, string>? attributes)
        => attributes is not { Count: > 0 }
            ? ""
            : $",\"attrs\":{{{string.Join(',', attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{Quote(a.Key)}:{Quote(a.Value)}"))}}}";

    private static string Quote(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var escaped = new byte[bytes.Length * JsonText.MaxExpansion];
        return $"\"{Encoding.UTF8.GetString(escaped, 0, JsonText.Escape(bytes, escaped))}\"";
    }
}
