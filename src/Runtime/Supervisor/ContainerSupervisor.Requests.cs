using Berth.Runtime.Launch;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

// What a connection asks for.
internal sealed partial class ContainerSupervisor
{
    private const int SIGKILL = 9;

    private void OnFrame(ControlConnection connection, SupervisorFrame kind, ReadOnlyMemory<byte> payload)
    {
        var text = payload.Span;
        switch (kind)
        {
            case SupervisorFrame.Listen:
                Attempt(connection, "listen", () => Listen(SupervisorFrameCodec.Decode(payload.Span, SupervisorJson.Default.ListenRequest).SocketPath));
                break;
            case SupervisorFrame.Launch:
                Launch(connection, SupervisorFrameCodec.Decode(text, SupervisorJson.Default.SupervisorLaunch));
                break;
            case SupervisorFrame.Watch:
                Watch(connection);
                break;
            case SupervisorFrame.Signal:
                var signal = SupervisorFrameCodec.Decode(text, SupervisorJson.Default.SignalRequest);
                Attempt(connection, $"signal {signal.Signal}", () => Signal(signal));
                break;
            case SupervisorFrame.SignalExec:
                var toExec = SupervisorFrameCodec.Decode(text, SupervisorJson.Default.ExecSignalRequest);
                Attempt(connection, $"signal {toExec.Signal}", () => Signal(toExec));
                break;
            case SupervisorFrame.Resize:
                var size = SupervisorFrameCodec.Decode(text, SupervisorJson.Default.ResizeRequest);
                Attempt(connection, "resize", () => Resize(size));
                break;
            case SupervisorFrame.CloseStdin:
                Attempt(connection, "close stdin", stdio.CloseStdin);
                break;
            case SupervisorFrame.Attach:
                Attach(connection, SupervisorFrameCodec.Decode(text, SupervisorJson.Default.AttachRequest));
                break;
            case SupervisorFrame.Exec:
                Exec(connection, SupervisorFrameCodec.Decode(text, SupervisorJson.Default.ExecRequest));
                break;
            default:
                throw new InvalidDataException($"{kind} is no request");
        }
    }

    private static byte[] Failed(string step, string message, Errno errno, int exitCode = LaunchException.EngineFailed)
        => SupervisorFrameCodec.Encode(SupervisorFrame.Failed, new(step, message, (int)errno, exitCode), SupervisorJson.Default.SupervisorFailure);

    private static byte[] Failed(string step, Exception refused) => refused switch
    {
        LaunchException launching => Failed(launching.Step, launching.Message, launching.Errno, launching.ExitCode),
        ErrnoException call => Failed(step, call.Message, call.Errno),
        _ => Failed(step, refused.Message, Errno.None),
    };

    private static void Attempt(ControlConnection connection, string step, Action action)
    {
        try
        {
            action();
            connection.Send(SupervisorFrameCodec.Encode(SupervisorFrame.Done));
        }
        catch (Exception refused) when (refused is IOException or EngineException or UnauthorizedAccessException)
        {
            connection.Send(Failed(step, refused));
        }
    }

    private void Watch(ControlConnection connection)
    {
        if (launch is null || container is null)
        {
            connection.Send(Failed("watch", "no container was launched yet", Errno.ESRCH));
            return;
        }

        connection.Watches = true;
        connection.Send(SupervisorFrameCodec.Encode(SupervisorFrame.State, State(), SupervisorJson.Default.SupervisorState));
        untoldExecExits.Clear();
    }

    private SupervisorState State() => new(
        launch!.ContainerId,
        container!.Pid,
        Environment.ProcessId,
        startedAt,
        [.. execs.Select(exec => new RunningExec(exec.Key, exec.Value.Process.Pid))],
        [.. untoldExecExits],
        log?.Errors ?? 0,
        log?.LastError);

    private void Signal(SignalRequest request)
    {
        var sent = IsRunning && (request.All && runtime!.Cgroup is { } cgroup
            ? SignalAll(cgroup.Processes(), request.Signal)
            : Processes.TrySignal(container!.PidFd, request.Signal));
        if (!sent)
        {
            throw new ErrnoException(Errno.ESRCH, "signal", "a container that has ended");
        }
    }

    private void Signal(ExecSignalRequest request)
    {
        if (!execs.TryGetValue(request.ExecId, out var exec))
        {
            throw new ErrnoException(Errno.ESRCH, "signal", $"exec {request.ExecId}, which does not run");
        }

        // It leads a session of its own, and has not been reaped yet: its number can't be another group's by now.
        Processes.TrySignalGroup(exec.Process.Pid, request.Signal);
        Processes.TrySignal(exec.Process.PidFd, request.Signal);
    }

    private static bool SignalAll(IReadOnlyList<int> pids, int signal)
    {
        var any = false;
        foreach (var pid in pids)
        {
            any |= Processes.TrySignal(pid, signal);
        }

        return any;
    }

    private void Resize(ResizeRequest request)
    {
        var session = request.ExecId is null ? stdio : execs.GetValueOrDefault(request.ExecId)?.Stdio;
        (session ?? throw new ErrnoException(Errno.ESRCH, "resize", $"exec {request.ExecId}, which does not run")).Resize(request.Rows, request.Columns);
    }

    private void Attach(ControlConnection connection, AttachRequest request)
    {
        var reply = SupervisorFrameCodec.Encode(
            SupervisorFrame.Attached, new(log?.Generation ?? 0, log?.Size ?? 0), SupervisorJson.Default.AttachReply);
        if (TakeOver(connection, reply) is { } stream)
        {
            stdio.Attach(stream.Socket, request.Stdin, request.Stdout, request.Stderr, stream.Early, request.UnfinishedLines);
        }
    }

    private void Exec(ControlConnection connection, ExecRequest request)
    {
        if (!IsRunning || execs.ContainsKey(request.ExecId))
        {
            connection.Send(IsRunning
                ? Failed("exec", $"exec {request.ExecId} runs already", Errno.EALREADY)
                : Failed("exec", "the container is not running", Errno.ESRCH));
            return;
        }

        SupervisedProcess process;
        try
        {
            process = runtime!.Exec(request);
        }
        catch (Exception refused) when (refused is LaunchException or EngineException or IOException)
        {
            connection.Send(Failed("exec", refused));
            return;
        }

        var session = NewSession();
        draining.Add(session);
        var exec = new RunningExecProcess(process, session);
        execs.Add(request.ExecId, exec);
        AnswerExec(connection, request, exec);
        session.Start(process.Stdio, log: null, stdinOnce: true);
        exec.End = loop.Register(process.PidFd, EpollEvents.In, _ => ExecEnded(request.ExecId));
        GiveMemoryBackSoon();
    }

    private void AnswerExec(ControlConnection connection, ExecRequest request, RunningExecProcess exec)
    {
        var reply = SupervisorFrameCodec.Encode(SupervisorFrame.ExecStarted, new(exec.Process.Pid), SupervisorJson.Default.ExecStarted);
        if (!request.AttachStdin && !request.AttachStdout && !request.AttachStderr)
        {
            connection.Send(reply);
        }
        else if (TakeOver(connection, reply) is { } stream)
        {
            exec.Stdio.Attach(stream.Socket, request.AttachStdin, request.AttachStdout, request.AttachStderr, stream.Early);
        }
    }

    private (Microsoft.Win32.SafeHandles.SafeFileHandle Socket, byte[] Early)? TakeOver(ControlConnection connection, byte[] reply)
    {
        var stream = connection.TakeOver(reply);
        connections.Remove(connection);
        if (ReferenceEquals(connection, starter))
        {
            starter = null;
        }

        return stream;
    }
}
