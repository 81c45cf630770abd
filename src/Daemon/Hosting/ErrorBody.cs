using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Daemon.Hosting;

/// <summary>The body of every error: an object with a message.</summary>
internal static class ErrorBody
{
    public static byte[] Encode(string message)
    {
        var buffer = new ArrayBufferWriter<byte>(message.Length + 32);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("message", message);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
