using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Berth.Shared.Linux;

namespace Berth.Shared.Supervision;

/// <summary>
/// The daemon's end of one connection to a supervisor. Requests are made one at a time (callers that share a connection take turns themselves);
/// <see cref="WatchAsync"/>, <see cref="AttachAsync"/> and an attached <see cref="ExecAsync"/> use the connection up, so each gets its own.
/// A cancelled request leaves the connection in the middle of an answer: dispose it then.
/// </summary>
public sealed class SupervisorConnection : IDisposable
{
    private readonly Socket socket;
    private readonly byte[] header = new byte[SupervisorFrameCodec.HeaderSize];
    private bool handedOver;

    /// <param name="socket">A connected Unix stream socket, owned by the connection from here on.</param>
    public SupervisorConnection(Socket socket) => this.socket = socket;

    /// <summary>Connects to a running supervisor.</summary>
    /// <exception cref="SocketException">Nobody listens there: the supervisor has ended (read its exit record), or was killed.</exception>
    public static async Task<SupervisorConnection> ConnectAsync(string socketPath, CancellationToken ct)
        => new(await UnixSocketPath.ConnectAsync(socketPath, ct));

    /// <summary>Binds the container's socket ahead of <see cref="LaunchAsync"/>, so that clients attach before the first output.</summary>
    public Task ListenAsync(string socketPath, CancellationToken ct)
        => RequestAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Listen, new(socketPath), SupervisorJson.Default.ListenRequest), ct);

    /// <summary>Starts the container; with <see cref="SupervisorLaunch.Watch"/>, <see cref="EventsAsync"/> follows.</summary>
    /// <exception cref="SupervisorException">It did not start; the supervisor ends.</exception>
    public Task<SupervisorLaunched> LaunchAsync(SupervisorLaunch launch, CancellationToken ct) => LaunchAsync(launch, configure: null, ct);

    /// <inheritdoc cref="LaunchAsync(SupervisorLaunch, CancellationToken)"/>
    /// <param name="configure">For <see cref="SupervisorLaunch.WaitsForNetwork"/>: told a process in the new namespaces; when it fails, dispose the connection, which ends the launch.</param>
    public async Task<SupervisorLaunched> LaunchAsync(SupervisorLaunch launch, Func<int, Task>? configure, CancellationToken ct)
    {
        await SendAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Launch, launch, SupervisorJson.Default.SupervisorLaunch), ct);
        if (launch.WaitsForNetwork && configure is not null)
        {
            var made = await ReceiveAsync(SupervisorFrame.Made, SupervisorJson.Default.NamespacesMade, ct);
            await configure(made.Pid);
            await SendAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Continue), ct);
        }

        return await ReceiveAsync(SupervisorFrame.Launched, SupervisorJson.Default.SupervisorLaunched, ct);
    }

    /// <summary>Sends a signal to the first process, or to all.</summary>
    /// <exception cref="SupervisorException">The container has ended (ESRCH).</exception>
    public Task SignalAsync(int signal, bool all, CancellationToken ct)
        => RequestAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Signal, new(signal, all), SupervisorJson.Default.SignalRequest), ct);

    /// <summary>Sends a signal to an exec's process and to the processes of its group.</summary>
    /// <exception cref="SupervisorException">It has ended (ESRCH).</exception>
    public Task SignalExecAsync(string execId, int signal, CancellationToken ct)
        => RequestAsync(SupervisorFrameCodec.Encode(SupervisorFrame.SignalExec, new(execId, signal), SupervisorJson.Default.ExecSignalRequest), ct);

    /// <param name="execId">Null for the container's own terminal.</param>
    /// <exception cref="SupervisorException">There is no such exec, or it has no terminal.</exception>
    public Task ResizeAsync(string? execId, int rows, int columns, CancellationToken ct)
        => RequestAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Resize, new(execId, rows, columns), SupervisorJson.Default.ResizeRequest), ct);

    /// <summary>Ends the container's stdin, once what was given to it is written.</summary>
    public Task CloseStdinAsync(CancellationToken ct) => RequestAsync(SupervisorFrameCodec.Encode(SupervisorFrame.CloseStdin), ct);

    /// <summary>Tells what happens from now on; the first event is the state, the last the exit.</summary>
    /// <exception cref="EndOfStreamException">The supervisor was killed, and its container with it, unless there is an exit record.</exception>
    public async IAsyncEnumerable<SupervisorEvent> WatchAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await SendAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Watch), ct);
        await foreach (var happened in EventsAsync(ct))
        {
            yield return happened;
        }
    }

    /// <summary>The events after a launch with <see cref="SupervisorLaunch.Watch"/>: as <see cref="WatchAsync"/>, without the state.</summary>
    /// <exception cref="EndOfStreamException">The supervisor was killed, and its container with it, unless there is an exit record.</exception>
    public async IAsyncEnumerable<SupervisorEvent> EventsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            var (kind, payload) = await ReceiveAsync(ct);
            switch (kind)
            {
                case SupervisorFrame.State:
                    yield return new SupervisorEvent.State(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.SupervisorState));
                    break;
                case SupervisorFrame.ExecExited:
                    yield return new SupervisorEvent.ExecExited(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.ExecExit));
                    break;
                case SupervisorFrame.Oom:
                    yield return new SupervisorEvent.Oom(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.OomEvent));
                    break;
                case SupervisorFrame.LogTrouble:
                    yield return new SupervisorEvent.LogTrouble(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.LogNotice));
                    break;
                case SupervisorFrame.Exited:
                    yield return new SupervisorEvent.Exited(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.ContainerExit));
                    yield break;
                case SupervisorFrame.Failed:
                    throw new SupervisorException(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.SupervisorFailure));
                default:
                    throw Unexpected(kind, SupervisorFrame.State);
            }
        }
    }

    /// <summary>Joins the container's stdio.</summary>
    /// <returns>Where the stream begins in the log, and the stream itself, owned by the caller: its bytes are in Docker's wire form already.</returns>
    public async Task<(AttachReply Reply, Socket Stream)> AttachAsync(AttachRequest request, CancellationToken ct)
    {
        await SendAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Attach, request, SupervisorJson.Default.AttachRequest), ct);
        var reply = await ReceiveAsync(SupervisorFrame.Attached, SupervisorJson.Default.AttachReply, ct);
        return (reply, HandOver());
    }

    /// <summary>Starts a further process in the container.</summary>
    /// <returns>The process, and its stdio, owned by the caller; null when nothing is attached, and then the connection stays usable.</returns>
    /// <exception cref="SupervisorException">It did not start; the connection stays usable.</exception>
    public async Task<(ExecStarted Started, Socket? Stream)> ExecAsync(ExecRequest request, CancellationToken ct)
    {
        await SendAsync(SupervisorFrameCodec.Encode(SupervisorFrame.Exec, request, SupervisorJson.Default.ExecRequest), ct);
        var started = await ReceiveAsync(SupervisorFrame.ExecStarted, SupervisorJson.Default.ExecStarted, ct);
        return (started, request.AttachStdin || request.AttachStdout || request.AttachStderr ? HandOver() : null);
    }

    public void Dispose()
    {
        if (!handedOver)
        {
            socket.Dispose();
        }
    }

    private Socket HandOver()
    {
        handedOver = true;
        return socket;
    }

    private async Task RequestAsync(byte[] frame, CancellationToken ct)
    {
        await SendAsync(frame, ct);
        var (kind, payload) = await ReceiveAsync(ct);
        ThrowIfNot(SupervisorFrame.Done, kind, payload);
    }

    private async Task SendAsync(byte[] frame, CancellationToken ct)
    {
        for (var sent = 0; sent < frame.Length;)
        {
            sent += await socket.SendAsync(frame.AsMemory(sent), SocketFlags.None, ct);
        }
    }

    private async Task<T> ReceiveAsync<T>(SupervisorFrame expected, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var (kind, payload) = await ReceiveAsync(ct);
        ThrowIfNot(expected, kind, payload);
        return SupervisorFrameCodec.Decode(payload, type);
    }

    // Reads exactly one frame and not a byte more: what follows an Attached is the stream's.
    private async Task<(SupervisorFrame Kind, byte[] Payload)> ReceiveAsync(CancellationToken ct)
    {
        await FillAsync(header, ct);
        var (kind, length) = SupervisorFrameCodec.DecodeHeader(header);
        var payload = new byte[length];
        await FillAsync(payload, ct);
        return (kind, payload);
    }

    private async Task FillAsync(Memory<byte> buffer, CancellationToken ct)
    {
        while (!buffer.IsEmpty)
        {
            var got = await ReadSomeAsync(buffer, ct);
            buffer = got > 0 ? buffer[got..] : throw new EndOfStreamException("the supervisor has closed the connection");
        }
    }

    private async Task<int> ReadSomeAsync(Memory<byte> buffer, CancellationToken ct)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, SocketFlags.None, ct);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A killed process with unread requests resets its connections; to the caller that is an end like any other.
            return 0;
        }
    }

    private static void ThrowIfNot(SupervisorFrame expected, SupervisorFrame kind, byte[] payload)
    {
        if (kind == SupervisorFrame.Failed)
        {
            throw new SupervisorException(SupervisorFrameCodec.Decode(payload, SupervisorJson.Default.SupervisorFailure));
        }

        if (kind != expected)
        {
            throw Unexpected(kind, expected);
        }
    }

    private static InvalidDataException Unexpected(SupervisorFrame kind, SupervisorFrame expected)
        => new($"the supervisor sent {kind} where {expected} was due");
}
