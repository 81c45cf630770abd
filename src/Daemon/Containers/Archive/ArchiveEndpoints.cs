using System.Text.Json;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Containers.Archive;

internal static class ArchiveEndpoints
{
    private const string StatHeader = "X-Docker-Container-Path-Stat";

    public static void MapArchive(this RouteGroupBuilder api)
    {
        api.MapMethods("/containers/{id}/archive", [HttpMethods.Head], Stat);
        api.MapGet("/containers/{id}/archive", GetAsync);
        api.MapPut("/containers/{id}/archive", PutAsync);
        api.MapGet("/containers/{id}/export", ExportAsync);
        api.MapGet("/containers/{id}/changes", Changes);
    }

    private static void Stat(string id, HttpContext context, ArchiveService archives)
        => SetStat(context, archives.Stat(id, PathOf(context)));

    private static async Task GetAsync(string id, HttpContext context, ArchiveService archives)
    {
        using var archive = archives.OpenArchive(id, PathOf(context));
        SetStat(context, archive.Stat);
        await WriteTarAsync(context, archive.Write);
    }

    private static async Task PutAsync(string id, HttpContext context, ArchiveService archives, CancellationToken ct)
    {
        var query = context.Request.Query;
        await archives.ExtractAsync(
            id, PathOf(context), SynchronousBodies.Request(context), query.GetBool("noOverwriteDirNonDir"), query.GetBool("copyUIDGID"), ct);
    }

    private static async Task ExportAsync(string id, HttpContext context, ExportService exports)
    {
        using var export = exports.Open(id);
        await WriteTarAsync(context, export.Write);
    }

    private static JsonHttpResult<List<FilesystemChange>> Changes(string id, ContainerChanges changes)
        => TypedResults.Json<List<FilesystemChange>>([.. changes.Of(id)], ApiJson.Wire.FilesystemChangeList);

    /// <summary>Sends an archive as it is made: the thread that makes it waits for the client, and for nothing else.</summary>
    private static async Task WriteTarAsync(HttpContext context, Action<Stream, CancellationToken> write)
    {
        var ct = context.RequestAborted;
        context.Response.ContentType = "application/x-tar";
        var body = SynchronousBodies.Response(context);
        await context.Response.StartAsync(ct);
        await Task.Factory.StartNew(
            () =>
            {
                var buffered = new BufferedStream(body, 1 << 16); // headers are small, and each write to the body is a send
                write(buffered, ct);
                buffered.Flush();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static ContainerPathName PathOf(HttpContext context) => ContainerPathName.Parse(context.Request.Query["path"].FirstOrDefault());

    private static void SetStat(HttpContext context, PathStat stat)
        => context.Response.Headers[StatHeader] = Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(stat, ApiJson.Wire.PathStat));
}
