using System.Security.Cryptography;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Exec;

/// <summary>Further processes in running containers.</summary>
internal sealed class ExecService(
    ContainerIndex containers, ContainerPaths paths, ExecRegistry execs, ExecFollower follower, SupervisorAccess supervisors, ContainerEvents events, ILogger<ExecService> log)
{
    /// <summary>How long a finished stream waits for the news of the exit, which comes over another connection.</summary>
    private static readonly TimeSpan ExitNews = TimeSpan.FromSeconds(10);

    /// <summary>Prepares an exec.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="EngineException">NotFound; Conflict: the container does not run, or is paused; InvalidArgument.</exception>
    public string Create(string idOrName, ExecCreateRequest request)
    {
        var container = containers.Resolve(idOrName);
        RequireRunning(container.Record);
        var exec = ExecRequestReader.Read(request, container.Id, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        execs.Add(exec);
        follower.Follow(container);
        events.Publish($"exec_create: {Command(exec)}", container.Record, ("execID", exec.Id));
        return exec.Id;
    }

    public ExecCell Resolve(string id) => execs.Resolve(id);

    /// <summary>Starts it, and with a client carries its stdio until it ends.</summary>
    /// <param name="hijack">Takes the client's connection and replies; called when nothing but the start itself can fail. Not called for a detached start.</param>
    /// <exception cref="EngineException">NotFound; Conflict: started before, or the container does not run; for a detached start, why it failed.</exception>
    public async Task StartAsync(string id, ExecStartOptions options, Func<Task<HijackedConnection>> hijack, CancellationToken ct)
    {
        var cell = execs.Resolve(id);
        var container = containers.Resolve(cell.Record.ContainerId);
        RequireRunning(container.Record);
        if (options.ConsoleSize is not null && !cell.Record.Tty)
        {
            throw ExecErrors.ConsoleSizeWithoutTty();
        }

        cell.Change(record => record.State switch
        {
            ExecState.Created => record.Starting(),
            ExecState.Exited => throw ExecErrors.AlreadyRan(id),
            _ => throw ExecErrors.AlreadyRunning(id),
        });
        if (options.Detach)
        {
            (await LaunchAsync(cell, container.Record, options, ct)).Dispose();
            return;
        }

        LaunchedExec launched;
        try
        {
            launched = await LaunchAsync(cell, container.Record, options, ct);
        }
        catch (EngineException refused)
        {
            // In the stream and by the exit code, as clients of an attached exec expect it.
            await TellAsync(await hijack(), refused.Message, cell.Record.Tty);
            return;
        }

        using (launched)
        {
            await RelayAsync(cell, container.Record, launched, await hijack());
        }
    }

    public async Task ResizeAsync(string id, int rows, int columns, CancellationToken ct)
    {
        var exec = execs.Resolve(id).Record;
        if (exec.State is not (ExecState.Running or ExecState.Starting))
        {
            throw ExecErrors.NotRunning(id);
        }

        if (exec.Tty)
        {
            using var supervisor = await supervisors.ConnectAsync(exec.ContainerId, ct);
            await ResizeAsync(supervisor, exec, rows, columns, ct);
        }
    }

    private static async Task ResizeAsync(SupervisorConnection supervisor, ExecRecord exec, int rows, int columns, CancellationToken ct)
    {
        try
        {
            await supervisor.ResizeAsync(exec.Id, rows, columns, ct);
        }
        catch (SupervisorException refused)
        {
            throw new EngineException(ErrorKind.Conflict, $"can't resize exec {exec.Id}: {refused.Message}", refused);
        }
    }

    private async Task<LaunchedExec> LaunchAsync(ExecCell cell, ContainerRecord container, ExecStartOptions options, CancellationToken ct)
    {
        var exec = cell.Record;
        SupervisorConnection? supervisor = null;
        try
        {
            supervisor = await supervisors.ConnectAsync(container.Id, ct);
            using var root = Descriptors.OpenDirectory($"/proc/{container.State.LivePid ?? throw ContainerErrors.NotRunning(container.Id)}/root");
            var process = ExecProcess.Build(exec, container, ExecProcess.ReadOwn(paths.BundleConfig(container.Id)), root, options.ConsoleSize ?? exec.ConsoleSize);
            events.Publish($"exec_start: {Command(exec)}", container, ("execID", exec.Id));
            var request = new ExecRequest
            {
                ExecId = exec.Id,
                Process = process,
                AttachStdin = !options.Detach && exec.AttachStdin,
                AttachStdout = !options.Detach && exec.AttachStdout,
                AttachStderr = !options.Detach && exec.AttachStderr,
            };
            var (started, stream) = await supervisor.ExecAsync(request, CancellationToken.None); // what is asked for runs, whether or not the client still waits
            cell.Change(record => record.Started(started.Pid));
            var launched = new LaunchedExec(stream, supervisor);
            supervisor = null;
            return launched;
        }
        catch (SupervisorException refused)
        {
            execs.Exited(exec.Id, refused.Failure.ExitCode);
            var kind = refused.Failure.ExitCode is 126 or 127 ? ErrorKind.InvalidArgument : ErrorKind.Internal;
            throw new EngineException(kind, $"OCI runtime exec failed: exec failed: unable to start container process: {refused.Message}", refused);
        }
        catch (EndOfStreamException ended)
        {
            execs.Exited(exec.Id, 137);
            throw new EngineException(ErrorKind.Conflict, $"container {container.Id} ended before the exec could start", ended);
        }
        catch (Exception failed)
        {
            log.ExecFailed(exec.Id, container.Id, failed.Message);
            execs.Exited(exec.Id, 126);
            throw;
        }
        finally
        {
            supervisor?.Dispose();
        }
    }

    private async Task RelayAsync(ExecCell cell, ContainerRecord container, LaunchedExec launched, HijackedConnection client)
    {
        if (launched.Stream is not null)
        {
            var keys = cell.Record.Tty ? DetachKeys.Parse(cell.Record.DetachKeys) : null;
            var end = await new StreamRelay(client, launched.Stream, cell.Record.AttachStdin, keys).RunAsync();
            if (end == StreamEnd.Detached)
            {
                events.Publish("exec_detach", container, ("execID", cell.Record.Id));
            }

            if (end != StreamEnd.Finished)
            {
                return;
            }
        }

        // The client asks for the exit code as soon as its stream ends.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(client.Aborted);
        over.CancelAfter(launched.Stream is null ? Timeout.InfiniteTimeSpan : ExitNews);
        await Task.WhenAny(cell.Exited, Task.Delay(Timeout.Infinite, over.Token));
        await over.CancelAsync();
    }

    private static async Task TellAsync(HijackedConnection client, string message, bool tty)
    {
        var text = System.Text.Encoding.UTF8.GetBytes(message + "\r\n");
        await client.TryWriteAsync(tty ? text : StreamFrame.Of(stderr: false, text), client.Aborted);
    }

    private static void RequireRunning(ContainerRecord container)
    {
        switch (container.State)
        {
            case ContainerState.Paused:
                throw ContainerErrors.Paused(container.Id);
            case ContainerState.Restarting:
                throw ContainerErrors.IsRestarting(container.Id);
            case not ContainerState.Running:
                throw ContainerErrors.NotRunning(container.Id);
        }
    }

    private static string Command(ExecRecord exec) => string.Join(' ', exec.Arguments);

    /// <param name="Stream">Its stdio; null when nothing is attached.</param>
    private sealed record LaunchedExec(System.Net.Sockets.Socket? Stream, SupervisorConnection Supervisor) : IDisposable
    {
        public void Dispose()
        {
            Stream?.Dispose();
            Supervisor.Dispose();
        }
    }
}
