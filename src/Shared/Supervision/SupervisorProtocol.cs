using System.Text.Json.Serialization;
using Berth.Shared.Oci;

namespace Berth.Shared.Supervision;

// The daemon and a supervisor talk over a Unix stream socket. A supervisor is started with one connected socket (its
// descriptor number is the argument of "berth-runtime supervise --control N"); on Listen, or else on Launch, it binds
// SupervisorLaunch.SocketPath and accepts any number of further connections there, so that a restarted daemon finds it.
// Before Launch it ends when its first connection closes; after it, no connection matters to the container.
//
//   frame   = length (u32 little endian, of kind and payload together), kind (u8), payload (UTF-8 JSON of the record below)
//
//   daemon                                    supervisor
//     Listen ListenRequest          ->                (optional: lets clients attach before the first byte of output)
//                                   <-  Done
//     Launch SupervisorLaunch       ->
//                                   <-  Launched SupervisorLaunched | Failed SupervisorFailure   (process exits after Failed)
//       (with WaitsForNetwork, in between:
//                                   <-  Made NamespacesMade: the namespaces are there
//        Continue                   ->  the first process goes on; a connection that closes here ends the launch)
//     Watch                         ->
//                                   <-  State SupervisorState, at once; then without end:
//                                   <-  ExecExited ExecExit | Oom OomEvent | LogTrouble LogNotice | Exited ContainerExit
//     Signal / SignalExec / Resize / Exec... / CloseStdin    ->
//                                   <-  Done | Failed SupervisorFailure
//     Attach AttachRequest          ->
//                                   <-  Attached AttachReply; from then on the connection carries no frames:
//                                       to the supervisor: raw stdin, half-close is its end;
//                                       from it: the output, raw for a terminal, else in Docker's 8-byte framed form
//                                       ([1 stdout | 2 stderr, 0, 0, 0, length u32 big endian] + bytes); it closes at the end.
//     Exec ExecRequest              ->
//                                   <-  ExecStarted | Failed; then, with Attach*, as after Attach: a stream of the exec's own stdio.
//
// Requests on one connection are answered in order. Watch, Attach and an attached Exec take the connection over for good;
// a failed or a detached Exec leaves it to further requests.
// At the container's end ExitPath is written (and fsync'd when nobody watches), then the socket is removed, then Exited is told
// and the connection closed: a path that refuses or is gone means "read ExitPath". A Watch that closes without Exited means
// that the supervisor was killed, and its container with it. The process itself stays until the attached streams are drained,
// or a client has taken nothing for five minutes.

/// <summary>The kind byte of a supervisor frame.</summary>
public enum SupervisorFrame : byte
{
    Launch = 1, Launched = 2, Failed = 3, Done = 4,
    Listen = 5, Made = 6, Continue = 7,
    Watch = 10, State = 11, ExecExited = 12, Oom = 13, Exited = 14, LogTrouble = 15,
    Signal = 20, Resize = 21, CloseStdin = 22, SignalExec = 23,
    Attach = 30, Attached = 31, Exec = 32, ExecStarted = 33,
}

/// <param name="SocketPath">The same as <see cref="SupervisorLaunch.SocketPath"/> later.</param>
public sealed record ListenRequest(string SocketPath);

/// <summary>All that a supervisor needs to run one container once.</summary>
public sealed record SupervisorLaunch
{
    public required string ContainerId { get; init; }

    /// <summary>Directory that holds config.json (OCI runtime-spec).</summary>
    public required string BundlePath { get; init; }

    /// <summary>Where the supervisor listens; under the daemon's run directory.</summary>
    public required string SocketPath { get; init; }

    /// <summary>Where the exit record (<see cref="ContainerExit"/> as JSON) goes, by temporary name and rename, before it is told.</summary>
    public required string ExitPath { get; init; }

    /// <summary>The root filesystem as an overlay that the supervisor mounts itself; null: config.json's root.path is ready to use.</summary>
    public OverlayRootfs? Rootfs { get; init; }

    /// <summary>Null: output is not kept in files.</summary>
    public ContainerLogTarget? Log { get; init; }

    /// <summary>Where else the output's lines go; null: nowhere.</summary>
    public LogReceiver? LogReceiver { get; init; }

    /// <summary>Keep stdin open for attached clients; false gives the process /dev/null.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>Close stdin when the first attached client has ended its side.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>Begin with an init process of the engine's own, which reaps orphans and hands signals on; only with Berth's own runtime.</summary>
    public bool Init { get; init; }

    /// <summary>After Launched the connection goes on as after Watch (without the State), so that no exit is too quick to be told.</summary>
    public bool Watch { get; init; }

    /// <summary>An OCI runtime to use in place of Berth's own (absolute path of runc, crun, ...); null for our own.</summary>
    public string? ForeignRuntimePath { get; init; }

    /// <summary>What that runtime gets before the arguments of each command.</summary>
    public string[] ForeignRuntimeArguments { get; init; } = [];

    /// <summary>The container's namespaces are told when they are made, and its first process waits until they are configured; not with a foreign runtime.</summary>
    public bool WaitsForNetwork { get; init; }
}

/// <summary>An overlay mount, top layer first, as overlay's own lowerdir order.</summary>
public sealed record OverlayRootfs
{
    public required string[] LowerDirectories { get; init; }

    /// <summary>Null for a mount without a writable layer.</summary>
    public string? UpperDirectory { get; init; }

    public string? WorkDirectory { get; init; }

    /// <summary>Skip syncing on teardown: only for containers whose upper layer is thrown away at exit.</summary>
    public bool Volatile { get; init; }

    /// <summary>
    /// In a user namespace: the writable directories are shown id-mapped like the layers, and so keep the container's own numbers on disk. They must lie
    /// in one directory. False: they are given to the namespace's root instead.
    /// </summary>
    public bool MapsWritable { get; init; }
}

/// <summary>A Docker json-file log.</summary>
public sealed record ContainerLogTarget
{
    /// <summary>Absolute path; rotated files get the suffixes .1 (newest) to .N.</summary>
    public required string Path { get; init; }

    /// <summary>Rotate before a line would make the file larger; 0: never.</summary>
    public long MaxSizeBytes { get; init; }

    /// <summary>Files kept in all, the current one included; at least 1.</summary>
    public int MaxFiles { get; init => field = Math.Max(value, 1); } = 1;

    /// <summary>Gzip rotated files (suffix .N.gz).</summary>
    public bool Compress { get; init; }

    /// <summary>The "attrs" object of every line (labels, env and tag options); null for none.</summary>
    public Dictionary<string, string>? Attributes { get; init; }
}

/// <summary>Another program that takes a container's lines: journald or a syslog.</summary>
public sealed record LogReceiver
{
    public required LogReceiverKind Kind { get; init; }

    public required LogTransport Transport { get; init; }

    /// <summary>Of the socket, for the Unix transports.</summary>
    public string? Path { get; init; }

    /// <summary>Of 4 or 16 bytes each, for the others: a supervisor resolves no names. A stream tries them in turn.</summary>
    public byte[][] Addresses { get; init; } = [];

    public int Port { get; init; }

    /// <summary>How messages name the receiver, such as "tcp://logs:514".</summary>
    public required string Name { get; init; }

    /// <summary>The container never waits for the receiver; what does not fit into the buffer is dropped.</summary>
    public bool NonBlocking { get; init; }

    /// <summary>Of the lines that wait, when <see cref="NonBlocking"/>.</summary>
    public long BufferBytes { get; init; }

    /// <summary>Names the container's messages.</summary>
    public required string Tag { get; init; }

    /// <summary>journald: the fields that every entry has.</summary>
    public Dictionary<string, string>? Fields { get; init; }

    /// <summary>syslog: 0 to 23; RFC 5424, 6.2.1.</summary>
    public int Facility { get; init; }

    public SyslogFormat SyslogFormat { get; init; }

    /// <summary>syslog: the host's name, for the formats that carry it.</summary>
    public string? Hostname { get; init; }
}

public enum LogReceiverKind { Journald, Syslog }

public enum LogTransport
{
    UnixDatagram,
    UnixStream,

    /// <summary>Datagrams, or a stream where the socket is one: as syslog(3) finds its /dev/log.</summary>
    UnixEither,
    Udp,
    Tcp,
}

public enum SyslogFormat
{
    /// <summary>What syslog(3) sends to the host's own: no host name.</summary>
    Local,
    Rfc3164,
    Rfc5424,

    /// <summary>RFC 5424 with microseconds.</summary>
    Rfc5424Micro,
}

public sealed record SupervisorLaunched(int Pid, int SupervisorPid, DateTimeOffset StartedAt, string[] Warnings);

/// <param name="Pid">A process in the container's namespaces, which waits.</param>
public sealed record NamespacesMade(int Pid);

/// <param name="Step">What was being done, such as "mount proc on /proc"; one phrase.</param>
/// <param name="Message">The whole sentence for the user.</param>
/// <param name="Errno">0 when no system call failed.</param>
/// <param name="ExitCode">By docker run's convention: 127 the program was not found, 126 it can't be executed, 125 otherwise.</param>
public sealed record SupervisorFailure(string Step, string Message, int Errno, int ExitCode);

/// <param name="Execs">Those that run.</param>
/// <param name="ExecExits">Those that ended while nobody watched (the last 256 of them).</param>
/// <param name="LogErrors">Writes of the log that failed since launch, such as for a full disk.</param>
/// <param name="LastLogError">The last one's words.</param>
public sealed record SupervisorState(
    string ContainerId, int Pid, int SupervisorPid, DateTimeOffset StartedAt, RunningExec[] Execs, ExecExit[] ExecExits, long LogErrors, string? LastLogError);

public sealed record RunningExec(string ExecId, int Pid);

/// <param name="ExitCode">0 to 255; 128 + signal number when a signal ended it.</param>
/// <param name="OomVictim">Name and pid of the process the kernel killed last, when it is known.</param>
public sealed record ContainerExit(int ExitCode, DateTimeOffset FinishedAt, bool OomKilled, string? OomVictim, string? Error);

public sealed record ExecExit(string ExecId, int ExitCode, DateTimeOffset FinishedAt);

public sealed record OomEvent(DateTimeOffset At, string? Victim);

/// <summary>The log can't be written, or its receiver takes nothing; or the trouble is over.</summary>
public sealed record LogNotice(DateTimeOffset At, string Message);

/// <param name="All">To every process of the container, not only the first.</param>
public sealed record SignalRequest(int Signal, bool All);

/// <summary>To an exec's process, and to those that it has started and that are still of its group.</summary>
/// <remarks>Not a member of <see cref="SignalRequest"/>: a supervisor from before would not see it, and signal the container.</remarks>
public sealed record ExecSignalRequest(string ExecId, int Signal);

/// <param name="ExecId">Null for the container's own terminal.</param>
public sealed record ResizeRequest(string? ExecId, int Rows, int Columns);

/// <summary>Which of the container's streams to carry; what was written before, the daemon replays from the log up to <see cref="AttachReply"/>.</summary>
/// <param name="UnfinishedLines">Begin with what the container has written since its last line feed, which is not in the log yet: for a replay without a gap.</param>
public sealed record AttachRequest(bool Stdin, bool Stdout, bool Stderr, bool UnfinishedLines = false);

/// <param name="LogGeneration">Rotations since launch.</param>
/// <param name="LogOffset">Bytes in the current log file at the instant the stream began: output after it is in the stream, output before it is not.</param>
public sealed record AttachReply(int LogGeneration, long LogOffset);

public sealed record ExecRequest
{
    public required string ExecId { get; init; }

    /// <summary>runtime-spec "process": args, env, cwd, user, capabilities, terminal, ...; a user given by name is resolved by the daemon.</summary>
    public required OciProcess Process { get; init; }

    public bool AttachStdin { get; init; }

    public bool AttachStdout { get; init; }

    public bool AttachStderr { get; init; }
}

public sealed record ExecStarted(int Pid);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ListenRequest))]
[JsonSerializable(typeof(SupervisorLaunch))]
[JsonSerializable(typeof(SupervisorLaunched))]
[JsonSerializable(typeof(NamespacesMade))]
[JsonSerializable(typeof(SupervisorFailure))]
[JsonSerializable(typeof(SupervisorState))]
[JsonSerializable(typeof(ContainerExit))]
[JsonSerializable(typeof(ExecExit))]
[JsonSerializable(typeof(OomEvent))]
[JsonSerializable(typeof(LogNotice))]
[JsonSerializable(typeof(SignalRequest))]
[JsonSerializable(typeof(ExecSignalRequest))]
[JsonSerializable(typeof(ResizeRequest))]
[JsonSerializable(typeof(AttachRequest))]
[JsonSerializable(typeof(AttachReply))]
[JsonSerializable(typeof(ExecRequest))]
[JsonSerializable(typeof(ExecStarted))]
public sealed partial class SupervisorJson : JsonSerializerContext;
