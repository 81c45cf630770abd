using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Containers.Exec;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Images;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Health;

/// <summary>
/// Runs one check: a further process in the container, as its user and with its environment. Unlike an exec of a client's it is in no table and on no disk;
/// the supervisor alone knows it, under an id that begins with <see cref="IdPrefix"/>, so that a later daemon knows which of those it finds nobody waits for.
/// </summary>
internal sealed class HealthProbe
{
    private const string IdPrefix = "health-";

    /// <summary>How long the news of an exit may take, once the stream has ended or the process was killed.</summary>
    private static readonly TimeSpan ExitNews = TimeSpan.FromSeconds(5);

    private readonly ContainerPaths _paths;
    private readonly SupervisorAccess _supervisors;
    private readonly ContainerEvents _events;
    private readonly TimeProvider _clock;
    private readonly ILogger<HealthProbe> _log;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<int>> _exits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string[]> _leftovers = new(StringComparer.Ordinal);

    public HealthProbe(ContainerPaths paths, SupervisorAccess supervisors, ContainerWatcher watcher, ContainerEvents events, TimeProvider clock, ILogger<HealthProbe> log)
    {
        (_paths, _supervisors, _events, _clock, _log) = (paths, supervisors, events, clock, log);
        watcher.ExecExited += (_, exit) =>
        {
            if (_exits.TryRemove(exit.ExecId, out var waiting))
            {
                waiting.TrySetResult(exit.ExitCode);
            }
        };
        watcher.Adopted += (containerId, state) =>
        {
            var left = state.Execs.Select(exec => exec.ExecId).Where(id => id.StartsWith(IdPrefix, StringComparison.Ordinal)).ToArray();
            if (left.Length > 0)
            {
                _leftovers[containerId] = left;
            }
        };
    }

    /// <summary>Ends the checks that a daemon before this one left.</summary>
    public async Task EndLeftoversAsync(string containerId)
    {
        foreach (var id in _leftovers.TryRemove(containerId, out var left) ? left : [])
        {
            await KillAsync(containerId, id);
        }
    }

    /// <exception cref="OperationCanceledException">It was called off; its process was told to end.</exception>
    /// <exception cref="EngineException">Conflict: the container's run is over.</exception>
    public async Task<HealthResult> RunAsync(ContainerRecord container, HealthPlan plan, CancellationToken ct)
    {
        var exec = new ExecRecord
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            ContainerId = container.Id,
            Arguments = plan.Arguments,
            AttachStdout = true,
            AttachStderr = true,
        };
        var command = string.Join(' ', plan.Arguments);
        _events.Publish($"exec_create: {command}", container, ("execID", exec.Id));
        var id = IdPrefix + exec.Id;
        var exit = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _exits[id] = exit;
        var start = _clock.GetUtcNow();
        var output = new HealthOutput();
        using var timer = new CancellationTokenSource(HealthTimer.Within(plan.Timeout), _clock);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct, timer.Token);
        try
        {
            using (var supervisor = await _supervisors.ConnectAsync(container.Id, over.Token))
            {
                var request = Request(exec, id, container);
                _events.Publish($"exec_start: {command}", container, ("execID", exec.Id));
                var (_, stream) = await supervisor.ExecAsync(request, over.Token);
                using (stream)
                {
                    await ReadAsync(stream ?? throw new InvalidOperationException("an attached exec has no stream"), output, over.Token);
                }
            }

            var exitCode = await exit.Task.WaitAsync(ExitNews, _clock, over.Token);
            Died(container, exec, exitCode);
            return new HealthResult(start, _clock.GetUtcNow(), exitCode, output.ToString());
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            var end = _clock.GetUtcNow();
            await KillAsync(container.Id, id);
            ct.ThrowIfCancellationRequested();
            Died(container, exec, await ExitAfterKillAsync(exit.Task));
            var written = output.ToString();
            return new HealthResult(start, end, HealthResult.NotRun,
                $"Health check exceeded timeout ({GoDuration.Format(plan.Timeout)}){(written.Length > 0 ? ": " : "")}{written}");
        }
        catch (SupervisorException refused)
        {
            return new HealthResult(start, _clock.GetUtcNow(), HealthResult.NotRun,
                $"OCI runtime exec failed: exec failed: unable to start container process: {refused.Message}");
        }
        catch (EngineException refused) when (refused.Kind == ErrorKind.InvalidArgument) // such as a user who is not in the container's files any more
        {
            return new HealthResult(start, _clock.GetUtcNow(), HealthResult.NotRun, refused.Message);
        }
        catch (Exception ended) when (ended is EndOfStreamException or SocketException or DirectoryNotFoundException or FileNotFoundException)
        {
            throw ContainerErrors.NotRunning(container.Id);
        }
        finally
        {
            _exits.TryRemove(id, out _);
        }
    }

    private ExecRequest Request(ExecRecord exec, string id, ContainerRecord container)
    {
        using var root = Descriptors.OpenDirectory($"/proc/{container.State.LivePid ?? throw ContainerErrors.NotRunning(container.Id)}/root");
        return new ExecRequest
        {
            ExecId = id,
            Process = ExecProcess.Build(exec, container, ExecProcess.ReadOwn(_paths.BundleConfig(container.Id)), root, consoleSize: null),
            AttachStdout = true,
            AttachStderr = true,
        };
    }

    private static async Task ReadAsync(Socket stream, HealthOutput output, CancellationToken ct)
    {
        var buffer = new byte[8192];
        while (await stream.ReceiveAsync(buffer, SocketFlags.None, ct) is > 0 and var count)
        {
            output.Append(buffer.AsSpan(0, count));
        }
    }

    // It is the process group that is killed: a shell's children must not outlive the check, interval after interval.
    private async Task KillAsync(string containerId, string id)
    {
        using var patience = new CancellationTokenSource(ExitNews, _clock);
        try
        {
            using var supervisor = await _supervisors.ConnectAsync(containerId, patience.Token);
            await supervisor.SignalExecAsync(id, Signals.Kill, patience.Token);
        }
        catch (Exception gone) when (gone is EngineException or SupervisorException)
        {
            // It has ended, and maybe the container too.
        }
        catch (Exception failed) when (failed is OperationCanceledException or EndOfStreamException or SocketException)
        {
            _log.CheckNotEnded(containerId, failed.Message);
        }
    }

    private async Task<int> ExitAfterKillAsync(Task<int> exit)
    {
        try
        {
            return await exit.WaitAsync(ExitNews, _clock);
        }
        catch (TimeoutException)
        {
            return 128 + Signals.Kill; // frozen, or in a sleep that can't be interrupted: it will be
        }
    }

    private void Died(ContainerRecord container, ExecRecord exec, int exitCode)
        => _events.Publish("exec_die", container, ("execID", exec.Id), ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)));
}
