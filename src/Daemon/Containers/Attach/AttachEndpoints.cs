using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.Attach;

internal static class AttachEndpoints
{
    public static void MapAttach(this RouteGroupBuilder api)
    {
        api.MapPost("/containers/{id}/attach", AttachAsync);
        api.MapPost("/containers/{id}/resize", ResizeAsync);
    }

    private static Task AttachAsync(HttpContext context, string id, ContainerIndex containers, AttachService attach, CancellationToken ct)
    {
        var query = context.Request.Query;
        var container = containers.Resolve(id);
        var options = new AttachOptions(
            query.GetBool("logs"), query.GetBool("stream"), query.GetBool("stdin"), query.GetBool("stdout"), query.GetBool("stderr"),
            DetachKeys.Parse(query.GetText("detachKeys")));
        return attach.AttachAsync(container, options, () => context.HijackAsync(container.Record.Plan.Process.Tty), ct);
    }

    private static async Task ResizeAsync(HttpContext context, string id, ContainerIndex containers, SupervisorAccess supervisors, CancellationToken ct)
    {
        var (rows, columns) = TerminalSizeQuery.Parse(context.Request.Query);
        var container = containers.Resolve(id).Record;
        if (container.State is not (ContainerState.Running or ContainerState.Paused))
        {
            throw ContainerErrors.NotRunning(container.Id);
        }

        // docker run resizes without asking whether there is a terminal.
        if (container.Plan.Process.Tty)
        {
            using var supervisor = await supervisors.ConnectAsync(container.Id, ct);
            await supervisor.ResizeAsync(execId: null, rows, columns, ct);
        }
    }
}
