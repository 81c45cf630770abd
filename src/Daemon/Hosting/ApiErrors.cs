using Berth.Shared.Errors;
using Microsoft.AspNetCore.Diagnostics;

namespace Berth.Daemon.Hosting;

/// <summary>Turns what a service throws into the status and the message that clients of the Engine API expect. The one place that logs a failed request.</summary>
internal sealed class ApiErrors(ILogger<ApiErrors> log, IHostApplicationLifetime lifetime) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var (method, path) = (httpContext.Request.Method, httpContext.Request.Path.Value ?? "");
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                FrontDoor.SetHeaders(httpContext.Response.Headers);
                await WriteAsync(httpContext.Response, StatusCodes.Status503ServiceUnavailable, "the engine is stopping", CancellationToken.None);
                return true;
            }

            log.ClientGone(method, path);
            httpContext.Response.StatusCode = 499; // nobody reads it
            return true;
        }

        var (status, message) = Describe(exception);
        if (status >= 500 && exception is not EngineException { Kind: ErrorKind.NotImplemented or ErrorKind.Unavailable })
        {
            log.RequestFailed(exception, method, path);
        }
        else
        {
            log.RequestRefused(method, path, status, message);
        }

        // The middleware has cleared all headers.
        FrontDoor.SetHeaders(httpContext.Response.Headers);
        await WriteAsync(httpContext.Response, status, message, cancellationToken);
        return true;
    }

    public static Task WriteAsync(HttpResponse response, int status, string message, CancellationToken ct)
    {
        response.StatusCode = status;
        var body = ErrorBody.Encode(message);
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(response.HttpContext.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, ct).AsTask();
    }

    /// <summary>The HTTP status and the words for the client.</summary>
    public static (int Status, string Message) Describe(Exception exception) => exception switch
    {
        EngineException engine => (Status(engine.Kind), engine.Message),
        BadHttpRequestException bad => (bad.StatusCode, bad.Message),
        _ => (StatusCodes.Status500InternalServerError, exception.Message),
    };

    private static int Status(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidArgument => StatusCodes.Status400BadRequest,
        ErrorKind.Unauthorized => StatusCodes.Status401Unauthorized,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.NotImplemented => StatusCodes.Status501NotImplemented,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
