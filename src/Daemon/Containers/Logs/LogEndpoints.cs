using System.Globalization;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.Logs;

internal static class LogEndpoints
{
    public static void MapLogs(this RouteGroupBuilder api) => api.MapGet("/containers/{id}/logs", LogsAsync);

    private static async Task LogsAsync(HttpContext context, string id, ContainerIndex containers, LogService logs, CancellationToken ct)
    {
        var query = context.Request.Query;
        var (stdout, stderr) = (query.GetBool("stdout"), query.GetBool("stderr"));
        if (!stdout && !stderr)
        {
            throw LogErrors.NoStream();
        }

        var container = containers.Resolve(id);
        var tty = container.Record.Plan.Process.Tty;
        var wanted = new LogQuery
        {
            Stdout = stdout,
            Stderr = stderr,
            SinceNano = ApiTime.ParseNanoseconds(query, "since"),
            UntilNano = ApiTime.ParseNanoseconds(query, "until"),
            Tail = ParseTail(query.GetText("tail")),
            Timestamps = query.GetBool("timestamps"),
            Details = query.GetBool("details"),
            Framed = !tty,
        };
        await logs.CopyAsync(container, wanted, query.GetBool("follow"), context.Response.BodyWriter, Begin, ct);

        async Task Begin()
        {
            // Followers wait for the headers long before the first line.
            context.Response.ContentType = StreamContentType.For(context.ApiVersion(), tty);
            await context.Response.StartAsync(ct);
            await context.Response.BodyWriter.FlushAsync(ct);
        }
    }

    /// <summary>A number of lines; anything else, "all" among it, means all.</summary>
    private static long? ParseTail(string? text)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var lines) && lines >= 0 ? lines : null;
}
