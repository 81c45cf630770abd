using System.Buffers;
using System.Text.Json;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Images.Pull;

/// <summary>Answers a request with lines of progress: JSON objects, each sent at once. After the first one, a failure can only be told as the last.</summary>
internal static class ProgressResponse
{
    /// <param name="work">Writes its lines to the sink and returns when all is done.</param>
    /// <exception cref="EngineException">What the work threw before its first line: it becomes the answer's status.</exception>
    public static async Task RunAsync(HttpContext context, Func<ProgressSink, CancellationToken, Task> work)
    {
        var ct = context.RequestAborted;
        var sink = new ProgressSink();
        var working = WorkAsync(sink, work, ct);
        if (!await sink.Lines.WaitToReadAsync(ct))
        {
            await working; // without a line: it failed, or had nothing to tell
        }

        context.Response.ContentType = "application/json";
        await CopyAsync(sink, context, ct);
        try
        {
            await working;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // No status can be sent any more: the line tells the client, and nobody else will log it.
            Log(context, error);
            Write(context, Failure(error));
            await context.Response.BodyWriter.FlushAsync(ct);
        }
    }

    private static async Task WorkAsync(ProgressSink sink, Func<ProgressSink, CancellationToken, Task> work, CancellationToken ct)
    {
        try
        {
            await work(sink, ct);
        }
        finally
        {
            sink.Complete();
        }
    }

    private static async Task CopyAsync(ProgressSink sink, HttpContext context, CancellationToken ct)
    {
        while (await sink.Lines.WaitToReadAsync(ct))
        {
            while (sink.Lines.TryRead(out var line))
            {
                Write(context, line);
            }

            await context.Response.BodyWriter.FlushAsync(ct);
        }
    }

    private static void Write(HttpContext context, ProgressMessage line)
    {
        using (var json = new Utf8JsonWriter(context.Response.BodyWriter, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            JsonSerializer.Serialize(json, line, ApiJson.Wire.ProgressMessage);
        }

        context.Response.BodyWriter.Write("\r\n"u8); // Docker's own line end here
    }

    private static void Log(HttpContext context, Exception error)
    {
        var log = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ProgressResponse).FullName!); // a class has a full name
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        if (error is EngineException { Kind: not ErrorKind.Internal })
        {
            log.RefusedInBand(method, path, error.Message);
        }
        else
        {
            log.FailedInBand(error, method, path);
        }
    }

    private static ProgressMessage Failure(Exception error)
    {
        var message = error is EngineException ? error.Message : $"{error.GetType().Name}: {error.Message}";
        return new ProgressMessage { ErrorDetail = new ErrorDetail { Message = message }, Error = message };
    }
}
