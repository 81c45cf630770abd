using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Containers.Exec;

internal static class ExecEndpoints
{
    public static void MapExec(this RouteGroupBuilder api)
    {
        api.MapPost("/containers/{id}/exec", CreateAsync);
        api.MapPost("/exec/{id}/start", StartAsync);
        api.MapPost("/exec/{id}/resize", ResizeAsync);
        api.MapGet("/exec/{id}/json", Inspect);
    }

    private static async Task<JsonHttpResult<IdResponse>> CreateAsync(HttpContext context, string id, ExecService execs, CancellationToken ct)
    {
        var request = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.ExecCreateRequest, ct);

        // Before 1.42 the size came with the start, by a resize.
        if (context.ApiVersion() < new ApiVersion(1, 42))
        {
            request.ConsoleSize = null;
        }

        return TypedResults.Json(new IdResponse { Id = execs.Create(id, request) }, ApiJson.Wire.IdResponse, statusCode: StatusCodes.Status201Created);
    }

    private static async Task StartAsync(HttpContext context, string id, ExecService execs, CancellationToken ct)
    {
        var request = await context.Request.ReadJsonAsync(ApiJson.Default.ExecStartRequest, ct) ?? new ExecStartRequest();
        var options = new ExecStartOptions(request.Detach == true, ExecRequestReader.ReadSize(request.ConsoleSize));
        var tty = execs.Resolve(id).Record.Tty;
        await execs.StartAsync(id, options, () => context.HijackAsync(tty), ct);
    }

    private static async Task<Ok> ResizeAsync(HttpContext context, string id, ExecService execs, CancellationToken ct)
    {
        var (rows, columns) = TerminalSizeQuery.Parse(context.Request.Query);
        await execs.ResizeAsync(id, rows, columns, ct);
        return TypedResults.Ok();
    }

    private static JsonHttpResult<ExecInspect> Inspect(string id, ExecService execs) => TypedResults.Json(Describe(execs.Resolve(id).Record), ApiJson.Wire.ExecInspect);

    internal static ExecInspect Describe(ExecRecord exec) => new()
    {
        ID = exec.Id,
        Running = exec.State is ExecState.Running or ExecState.Starting,
        ExitCode = exec.State is ExecState.Exited exited ? exited.ExitCode : null,
        ProcessConfig = new ExecProcessConfig
        {
            Tty = exec.Tty,
            Entrypoint = exec.Arguments[0],
            Arguments = [.. exec.Arguments.Skip(1)],
            Privileged = exec.Privileged,
            User = exec.User.Length > 0 ? exec.User : null,
        },
        OpenStdin = exec.AttachStdin,
        OpenStdout = exec.AttachStdout,
        OpenStderr = exec.AttachStderr,
        CanRemove = exec.State is ExecState.Exited,
        ContainerID = exec.ContainerId,
        DetachKeys = exec.DetachKeys ?? "",
        Pid = exec.State switch
        {
            ExecState.Running running => running.Pid,
            ExecState.Exited ended => ended.Pid,
            _ => 0,
        },
    };
}
