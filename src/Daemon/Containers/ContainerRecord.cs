using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers;

/// <summary>Everything known about one container; a value that is replaced, never changed.</summary>
internal sealed record ContainerRecord
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Without the API's leading slash.</summary>
    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The image as the user named it.</summary>
    public required string ImageName { get; init; }

    /// <summary>The image's id with its algorithm: "sha256:...".</summary>
    public required string ImageId { get; init; }

    /// <summary>What was asked for, merged with the image's configuration, in the API's shape; kept so, and shown so.</summary>
    public required ContainerConfig Config { get; init; }

    public required HostConfig HostConfig { get; init; }

    /// <summary>The networks that it is to be on, by name, and what is asked of each; empty when it shares another's, or has left them all.</summary>
    public IReadOnlyDictionary<string, EndpointSettings> Endpoints { get; init; } = new Dictionary<string, EndpointSettings>();

    /// <summary>The same, understood: made of the three above by <see cref="ContainerPlanner"/>.</summary>
    public required ContainerPlan Plan { get; init; }

    /// <summary>The plan's mounts with names for anonymous volumes, and those taken over from other containers.</summary>
    public IReadOnlyList<MountPlan> Mounts { get; init; } = [];

    public ContainerState State { get; init; } = new ContainerState.Created();

    /// <summary>What its health check says of the last run; null when it has none, or has never run.</summary>
    public HealthState? Health { get; init; }

    /// <summary>Restarts by policy since the user last started it.</summary>
    public int RestartCount { get; init; }

    /// <summary>The user stopped it: the restart policy stays out of it until the user starts it again.</summary>
    public bool StoppedByUser { get; init; }

    /// <summary>A step with effects outside the database that was begun and not completed; see <see cref="ContainerIntent"/>.</summary>
    public string? Intent { get; init; }

    /// <summary>Which process supervises the run that is on; null when none is.</summary>
    public int? SupervisorPid => State switch
    {
        ContainerState.Running running => running.SupervisorPid,
        ContainerState.Paused paused => paused.SupervisorPid,
        _ => null,
    };

    public bool IsBeingRemoved => Intent == ContainerIntent.Remove;

    public bool IsLive => State is ContainerState.Running or ContainerState.Paused;

    public ContainerRecord Started(int pid, int supervisorPid, DateTimeOffset at) => State switch
    {
        ContainerState.Created or ContainerState.Exited or ContainerState.Restarting
            => this with
            {
                State = new ContainerState.Running(pid, supervisorPid, at),
                Health = Plan.Health is null ? null : HealthState.Begin(Health),
                Intent = null,
            },
        _ => throw Illegal("Running"),
    };

    /// <summary>A start that failed before the user's program ran.</summary>
    public ContainerRecord StartFailed(int exitCode, string error) => State switch
    {
        ContainerState.Created => this with { State = new ContainerState.Created(exitCode, error), Intent = null },
        ContainerState.Exited exited => this with { State = exited with { ExitCode = exitCode, Error = error }, Intent = null },
        ContainerState.Restarting waiting => this with
        {
            State = new ContainerState.Exited(exitCode, waiting.StartedAt, waiting.FinishedAt, OomKilled: false, error),
            Intent = null,
        },
        _ => throw Illegal("start failed"),
    };

    public ContainerRecord PausedNow() => State is ContainerState.Running running
        ? this with { State = new ContainerState.Paused(running.Pid, running.SupervisorPid, running.StartedAt), Intent = null }
        : throw Illegal("Paused");

    public ContainerRecord Resumed() => State is ContainerState.Paused paused
        ? this with { State = new ContainerState.Running(paused.Pid, paused.SupervisorPid, paused.StartedAt), Intent = null }
        : throw Illegal("Running");

    public ContainerRecord Exited(int exitCode, DateTimeOffset at, bool oomKilled, string? error) => this with
    {
        State = new ContainerState.Exited(exitCode, StartedAt ?? throw Illegal("Exited"), at, oomKilled, error),
        Health = Health?.Ended(),
        Intent = null,
    };

    /// <summary>Exited, and to be started again by its restart policy.</summary>
    public ContainerRecord ToRestart() => State is ContainerState.Exited exited
        ? this with
        {
            State = new ContainerState.Restarting(exited.ExitCode, exited.StartedAt, exited.FinishedAt, exited.OomKilled),
            RestartCount = RestartCount + 1,
        }
        : throw Illegal("Restarting");

    /// <summary>The pending restart was called off, by the user's word or by a change of the policy.</summary>
    public ContainerRecord RestartCalledOff(bool byUser) => State is ContainerState.Restarting waiting
        ? this with
        {
            State = new ContainerState.Exited(waiting.ExitCode, waiting.StartedAt, waiting.FinishedAt, waiting.OomKilled, Error: null),
            StoppedByUser = byUser || StoppedByUser,
            RestartCount = byUser ? RestartCount : RestartCount - 1, // it was counted, and will not be
        }
        : throw Illegal("Exited");

    /// <summary>When the last run began; null when there was none.</summary>
    public DateTimeOffset? StartedAt => State switch
    {
        ContainerState.Running running => running.StartedAt,
        ContainerState.Paused paused => paused.StartedAt,
        ContainerState.Restarting waiting => waiting.StartedAt,
        ContainerState.Exited exited => exited.StartedAt,
        _ => null,
    };

    private InvalidOperationException Illegal(string next) => new($"{Id}: {State} -> {next}");
}
