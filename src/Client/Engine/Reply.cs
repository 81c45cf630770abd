using System.Buffers;
using System.Text;
using System.Text.Json;
using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>A reply whose head has been read; its body is read as the caller wants it. Disposing frees the connection for the next request, or closes it.</summary>
internal sealed class Reply(EngineClient engine, HttpConnection connection, HttpHead head, string method) : IDisposable
{
    private readonly HttpBody _body = new(connection, head, method);
    private bool _disposed;

    public HttpHead Head => head;

    public int Status => head.Status;

    public int Read(Span<byte> buffer) => _body.Read(buffer);

    public ReadOnlyMemory<byte> ReadBytes()
    {
        var bytes = new ArrayBufferWriter<byte>(4096);
        int count;
        while ((count = _body.Read(bytes.GetSpan(4096))) > 0)
        {
            bytes.Advance(count);
        }

        return bytes.WrittenMemory;
    }

    public string ReadText() => Encoding.UTF8.GetString(ReadBytes().Span);

    /// <summary>The body as one JSON value.</summary>
    public JsonElement ReadJson()
    {
        try
        {
            return JsonText.Parse(ReadBytes());
        }
        catch (JsonException wrong)
        {
            throw new MalformedReplyException("not JSON: " + wrong.Message);
        }
    }

    /// <summary>JSON values one after another, each as soon as it is there.</summary>
    public IEnumerable<JsonElement> ReadJsonValues() => JsonSequence.Read(buffer => _body.Read(buffer.Span));

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        engine.Release(connection, isReusable: _body.IsComplete && _body.KeepsConnection && !connection.HasUnreadBytes);
    }
}
