namespace Berth.Client.Output;

/// <summary>Lays JSON out over lines, four spaces a level, leaving every value's bytes as they came.</summary>
internal static class JsonIndenter
{
    /// <param name="json">Well-formed JSON text.</param>
    /// <param name="level">How deep the text already stands.</param>
    public static void Write(ReadOnlySpan<byte> json, ByteSink sink, int level = 0)
    {
        for (var i = 0; i < json.Length; i++)
        {
            switch (json[i])
            {
                case (byte)'"':
                    var end = StringEnd(json, i);
                    sink.Write(json[i..end]);
                    i = end - 1;
                    break;
                case (byte)'{' or (byte)'[':
                    var next = SkipSpace(json, i + 1);
                    sink.Write(json.Slice(i, 1));
                    if (next < json.Length && json[next] is (byte)'}' or (byte)']')
                    {
                        sink.Write(json.Slice(next, 1));
                        i = next;
                    }
                    else
                    {
                        NewLine(sink, ++level);
                    }

                    break;
                case (byte)'}' or (byte)']':
                    NewLine(sink, --level);
                    sink.Write(json.Slice(i, 1));
                    break;
                case (byte)',':
                    sink.Write(","u8);
                    NewLine(sink, level);
                    break;
                case (byte)':':
                    sink.Write(": "u8);
                    break;
                case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n':
                    break;
                default:
                    sink.Write(json.Slice(i, 1));
                    break;
            }
        }
    }

    /// <summary>The same text without white space between the values.</summary>
    public static string Compact(string json)
    {
        var compact = new System.Text.StringBuilder(json.Length);
        var quoted = false;
        for (var i = 0; i < json.Length; i++)
        {
            if (quoted && json[i] == '\\')
            {
                compact.Append(json[i++]).Append(json[i]);
                continue;
            }

            quoted ^= json[i] == '"';
            if (quoted || json[i] is not (' ' or '\t' or '\r' or '\n'))
            {
                compact.Append(json[i]);
            }
        }

        return compact.ToString();
    }

    private static int StringEnd(ReadOnlySpan<byte> json, int start)
    {
        var i = start + 1;
        while (i < json.Length && json[i] != (byte)'"')
        {
            i += json[i] == (byte)'\\' ? 2 : 1;
        }

        return Math.Min(i + 1, json.Length);
    }

    private static int SkipSpace(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }

        return at;
    }

    private static void NewLine(ByteSink sink, int level)
    {
        sink.Write("\n"u8);
        for (var i = 0; i < level; i++)
        {
            sink.Write("    "u8);
        }
    }
}
