using System.Text.Json;
using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>JSON values that follow one another in a stream, separated by white space, a record separator, or nothing.</summary>
internal static class JsonSequence
{
    /// <param name="read">Fills a part of the buffer and returns how much; 0 at the end.</param>
    public static IEnumerable<JsonElement> Read(Func<Memory<byte>, int> read)
    {
        var buffer = new byte[8 * 1024];
        var end = 0;
        while (true)
        {
            var start = 0;
            while (TryTake(buffer.AsSpan(0, end), ref start, isLast: false) is { } value)
            {
                yield return value;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            if (end == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var count = read(buffer.AsMemory(end));
            if (count > 0)
            {
                end += count;
                continue;
            }

            // At the end of the stream a number needs no separator after it.
            start = 0;
            if (TryTake(buffer.AsSpan(0, end), ref start, isLast: true) is { } last)
            {
                yield return last;
            }

            yield break;
        }
    }

    private static JsonElement? TryTake(ReadOnlySpan<byte> bytes, ref int start, bool isLast)
    {
        while (start < bytes.Length && bytes[start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0x1E)
        {
            start++;
        }

        if (start == bytes.Length)
        {
            return null;
        }

        // The reader must be told that other values may follow, or it takes them for trailing rubbish.
        var reader = new Utf8JsonReader(bytes[start..], isLast, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
        try
        {
            if (!JsonDocument.TryParseValue(ref reader, out var document))
            {
                return null;
            }

            var json = bytes.Slice(start, (int)reader.BytesConsumed);
            start += json.Length;
            if (System.Text.Unicode.Utf8.IsValid(json) && json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
            {
                return document.RootElement;
            }

            document.Dispose();
            return JsonText.Parse(json.ToArray());
        }
        catch (JsonException wrong)
        {
            throw new MalformedReplyException("not JSON: " + wrong.Message);
        }
    }
}
