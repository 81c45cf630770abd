using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Berth.Shared.Errors;
using Microsoft.Net.Http.Headers;

namespace Berth.Daemon.Hosting;

/// <summary>Reads a request's JSON with Go's manners: names in any case, unknown ones ignored, nothing after the value.</summary>
internal static class JsonBody
{
    private const int MaxLength = 8 << 20;

    // A client that still sends when the connection is closed sees a reset in the place of the answer.
    private const int MaxDiscarded = 24 << 20;

    /// <summary>Reads the body to its end.</summary>
    /// <returns>Null when there is no body, or it is "null".</returns>
    /// <param name="type">Of a context with <c>PropertyNameCaseInsensitive</c>, such as ApiJson's.</param>
    /// <exception cref="EngineException">InvalidArgument: not said to be JSON, or not JSON, or larger than any request may be.</exception>
    public static async Task<T?> ReadJsonAsync<T>(this HttpRequest request, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        var mayHaveBody = request.ContentLength is not (null or 0) || request.Headers.TransferEncoding.Count > 0;
        if (!mayHaveBody)
        {
            return null;
        }

        RequireJson(request);
        var body = await ReadAllAsync(request, ct);
        if (body.Length == 0)
        {
            return null;
        }

        try
        {
            JsonProblem.RefuseNulls(body.Span);
            return JsonSerializer.Deserialize(body.Span, type);
        }
        catch (JsonException e)
        {
            throw JsonProblem.Describe(body, type, e);
        }
    }

    /// <inheritdoc cref="ReadJsonAsync"/>
    /// <exception cref="EngineException">InvalidArgument, also when there is no body.</exception>
    public static async Task<T> ReadRequiredJsonAsync<T>(this HttpRequest request, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
        => await request.ReadJsonAsync(type, ct)
            ?? throw new EngineException(ErrorKind.InvalidArgument, "invalid JSON: got EOF while reading request body");

    private static void RequireJson(HttpRequest request)
    {
        var type = request.ContentType;
        if (!MediaTypeHeaderValue.TryParse(type, out var parsed) || !parsed.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"unsupported Content-Type header ({type}): must be 'application/json'");
        }
    }

    private static async Task DiscardAsync(HttpRequest request, ReadResult result, CancellationToken ct)
    {
        var discarded = result.Buffer.Length;
        request.BodyReader.AdvanceTo(result.Buffer.End);
        while (!result.IsCompleted && discarded < MaxDiscarded)
        {
            result = await request.BodyReader.ReadAsync(ct);
            discarded += result.Buffer.Length;
            request.BodyReader.AdvanceTo(result.Buffer.End);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request, CancellationToken ct)
    {
        while (true)
        {
            var result = await request.BodyReader.ReadAsync(ct);
            if (result.Buffer.Length > MaxLength)
            {
                await DiscardAsync(request, result, ct);
                throw new EngineException(ErrorKind.InvalidArgument, $"the request body is larger than {MaxLength >> 20} MiB");
            }

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                request.BodyReader.AdvanceTo(result.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
