using System.Net.Sockets;
using Berth.Daemon.Containers.Logs;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Attach;

/// <summary>Connects clients to containers' stdio.</summary>
internal sealed class AttachService(ContainerPaths paths, ContainerEvents events)
{
    private const int ReplayAttempts = 5;

    /// <summary>Attaches a client: to the run that is on, or, where none is, to the next one from its first byte on.</summary>
    /// <param name="hijack">Takes the client's connection and replies; called when nothing can be refused any more.</param>
    /// <exception cref="EngineException">Conflict: paused or restarting. NotImplemented: the wanted log is not kept.</exception>
    public async Task AttachAsync(ContainerCell container, AttachOptions options, Func<Task<HijackedConnection>> hijack, CancellationToken ct)
    {
        if (options.Logs)
        {
            LogService.RequireReadable(container.Record.Plan.Log);
        }

        switch (container.Record.State)
        {
            case ContainerState.Paused:
                throw AttachErrors.Paused(container.Id);
            case ContainerState.Restarting:
                throw ContainerErrors.IsRestarting(container.Id);
            case ContainerState.Running:
                await AttachToRunAsync(container, options, hijack, ct);
                break;
            default:
                await AttachToNextRunAsync(container, options, hijack);
                break;
        }
    }

    private async Task AttachToRunAsync(ContainerCell container, AttachOptions options, Func<Task<HijackedConnection>> hijack, CancellationToken ct)
    {
        if (!options.Stream)
        {
            await CopyLogsAsync(container, options, await hijack());
            return;
        }

        LiveStream live;
        try
        {
            live = await JoinAsync(container, options, paths.SupervisorSocket(container.Id), ct);
        }
        catch (Exception ended) when (ended is SocketException or EndOfStreamException)
        {
            // The run has just ended: all that it wrote is in the log.
            await CopyLogsAsync(container, options, await hijack());
            return;
        }

        using (live)
        {
            events.Publish("attach", container.Record);
            var client = await hijack();
            await RelayAsync(container, options, client, live);
        }
    }

    /// <summary>The client is answered at once, since it starts the container only then.</summary>
    private async Task AttachToNextRunAsync(ContainerCell container, AttachOptions options, Func<Task<HijackedConnection>> hijack)
    {
        using var pending = options.Stream ? container.AttachToNextRun() : null;
        events.Publish("attach", container.Record);
        var client = await hijack();
        if (options.Logs)
        {
            await CopyLogsAsync(container, options, client);
        }

        if (pending is null)
        {
            return;
        }

        LiveStream live;
        try
        {
            var socket = await pending.SupervisorSocket.WaitAsync(client.Aborted);
            live = await JoinAsync(container, options with { Logs = false }, socket, client.Aborted);
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException or SocketException or EndOfStreamException)
        {
            // Not started, or the client has gone. Whoever asked for the start is told why.
            return;
        }

        using (live)
        {
            pending.Dispose(); // the launch waits for this
            await RelayAsync(container, options, client, live);
        }
    }

    /// <summary>Joins the stream and, where the past is wanted too, opens the log so that the two meet exactly.</summary>
    private async Task<LiveStream> JoinAsync(ContainerCell container, AttachOptions options, string socketPath, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var set = options.Logs ? LogFileSet.TryOpen(paths.Log(container.Id)) : null;
            try
            {
                using var supervisor = await SupervisorConnection.ConnectAsync(socketPath, ct);
                var request = new AttachRequest(options.Stdin, options.Stdout, options.Stderr, UnfinishedLines: options.Logs);
                var (reply, stream) = await supervisor.AttachAsync(request, ct);

                // The files must be those of the moment of the attach: a rotation in between is rare, and a second look is enough.
                if (set is null || set.IsStillCurrent(paths.Log(container.Id)) || attempt == ReplayAttempts)
                {
                    var live = new LiveStream(stream, set, reply.LogOffset);
                    set = null;
                    return live;
                }

                stream.Dispose();
            }
            finally
            {
                set?.Dispose();
            }
        }
    }

    private async Task RelayAsync(ContainerCell container, AttachOptions options, HijackedConnection client, LiveStream live)
    {
        var tty = container.Record.Plan.Process.Tty;
        if (live.Log is { } log)
        {
            await LogService.ReplayAsync(log, live.LogEnd, Query(options, tty), client.AsWriter(), client.Aborted);
        }

        var end = await new StreamRelay(client, live.Socket, options.Stdin, tty ? options.DetachKeys : null).RunAsync();
        if (end == StreamEnd.Detached)
        {
            events.Publish("detach", container.Record);
        }
    }

    private async Task CopyLogsAsync(ContainerCell container, AttachOptions options, HijackedConnection client)
    {
        using var set = options.Logs ? LogFileSet.TryOpen(paths.Log(container.Id)) : null;
        if (set is not null)
        {
            await LogService.ReplayAsync(set, set.Current.Length, Query(options, container.Record.Plan.Process.Tty), client.AsWriter(), client.Aborted);
        }
    }

    private static LogQuery Query(AttachOptions options, bool tty) => new() { Stdout = options.Stdout, Stderr = options.Stderr, Framed = !tty };

    /// <param name="Log">The past; null: not wanted, or there is none.</param>
    /// <param name="LogEnd">Where in the last of its files the stream goes on.</param>
    private sealed record LiveStream(Socket Socket, LogFileSet? Log, long LogEnd) : IDisposable
    {
        public void Dispose()
        {
            Socket.Dispose();
            Log?.Dispose();
        }
    }
}
