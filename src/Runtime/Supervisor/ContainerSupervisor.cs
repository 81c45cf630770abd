using Berth.Runtime.Launch;
using Berth.Runtime.Supervisor.Logging;
using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor;

/// <summary>One container from before its start to after its end: who is connected, what runs, and what becomes of its output.</summary>
internal sealed partial class ContainerSupervisor : IDisposable
{
    private const int MaxKeptExecExits = 256;
    private static readonly TimeSpan trimDelay = TimeSpan.FromMilliseconds(500);

    private readonly EventLoop loop;
    private readonly Func<SupervisorLaunch, IContainerRuntime> chooseRuntime;
    private readonly List<ControlConnection> connections = [];
    private readonly Dictionary<string, RunningExecProcess> execs = [];
    private readonly HashSet<StdioSession> draining = [];
    private readonly List<ExecExit> untoldExecExits = [];
    private readonly StdioSession stdio;
    private readonly SelfCompressor compressor;

    private EventLoop.LoopTimer? trim;
    private ControlConnection? starter;
    private SafeFileHandle? listener;
    private EventLoop.Registration? listening;
    private string? socketPath;
    private SupervisorLaunch? launch;
    private IContainerRuntime? runtime;
    private IContainerLog? log;
    private SupervisedProcess? container;
    private EventLoop.Registration? containerEnd;
    private OomReporter? oom;
    private ProcessExit? containerExit;
    private DateTimeOffset startedAt;

    /// <param name="control">The connection of the daemon that started this process; owned from here on.</param>
    public ContainerSupervisor(EventLoop loop, SafeFileHandle control, Func<SupervisorLaunch, IContainerRuntime> chooseRuntime)
    {
        this.loop = loop;
        this.chooseRuntime = chooseRuntime;
        compressor = new SelfCompressor(loop);
        stdio = NewSession();
        starter = Accept(control);
    }

    private sealed record RunningExecProcess(SupervisedProcess Process, StdioSession Stdio)
    {
        public EventLoop.Registration? End { get; set; }
    }

    private bool IsRunning => container is not null && containerExit is null;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Runs to the end of the container and of everyone who still reads its output.</summary>
    public void Run()
    {
        try
        {
            while (!IsDone)
            {
                loop.RunOnce();
            }
        }
        catch (Exception defect)
        {
            // A bug of ours. The container can't go on without us; leave word of why it ended.
            runtime?.Cgroup?.Kill();
            if (container is not null && !isToldAll)
            {
                _ = WriteRecord(new ContainerExit(128 + SIGKILL, Now, OomKilled: false, OomVictim: null, $"the supervisor failed: {defect}"));
            }

            throw;
        }
    }

    public void Dispose()
    {
        foreach (var connection in connections)
        {
            connection.Dispose();
        }

        stdio.Dispose();
        log?.Dispose();
        oom?.Dispose();
        runtime?.Dispose();
        listener?.Dispose();
    }

    private StdioSession NewSession()
    {
        StdioSession? session = null;
        session = new StdioSession(loop, () => launch!.BundlePath, () => draining.Remove(session!));
        return session;
    }

    private ControlConnection Accept(SafeFileHandle socket)
    {
        var connection = new ControlConnection(loop, socket, OnFrame, Closed);
        connections.Add(connection);
        return connection;
    }

    private void Closed(ControlConnection connection)
    {
        connections.Remove(connection);
        if (ReferenceEquals(connection, starter))
        {
            starter = null; // the daemon has gone before it launched anything: nothing to stay for
        }
    }

    private void Listen(string path)
    {
        if (listener is not null)
        {
            return;
        }

        listener = UnixListener.Listen(path);
        socketPath = path;
        listening = loop.Register(listener, EpollEvents.In, _ => AcceptAll());
    }

    private void AcceptAll()
    {
        try
        {
            while (listener is not null && UnixListener.Accept(listener) is { } socket)
            {
                Accept(socket);
            }
        }
        catch (ErrnoException) // out of descriptors or memory
        {
            // The one who waits keeps waiting; without a pause the loop would spin until a descriptor is free.
            listening!.Events = EpollEvents.None;
            loop.After(TimeSpan.FromMilliseconds(200), () =>
            {
                if (listener is not null)
                {
                    listening.Events = EpollEvents.In;
                }
            });
        }
    }

    private void Launch(ControlConnection connection, SupervisorLaunch request)
    {
        if (launch is not null)
        {
            connection.Send(Failed("launch", "this supervisor has its container already", Errno.EALREADY));
            return;
        }

        launch = request;
        try
        {
            Listen(request.SocketPath);
            OpenLog(request);
            runtime = chooseRuntime(request);
            container = runtime.Launch(request, pid => TellNamespaces(connection, pid));
        }
        catch (Exception refused) when (refused is LaunchException or EngineException or IOException or UnauthorizedAccessException)
        {
            FailLaunch(connection, refused);
            return;
        }

        startedAt = Now;
        draining.Add(stdio);
        stdio.Start(container.Stdio, log, request.StdinOnce);
        containerEnd = loop.Register(container.PidFd, EpollEvents.In, _ => ContainerEnded());
        oom = runtime.Cgroup is null ? null : OomReporter.TryStart(loop, runtime.Cgroup, TellOom);
        connection.Send(SupervisorFrameCodec.Encode(
            SupervisorFrame.Launched,
            new(container.Pid, Environment.ProcessId, startedAt, [.. container.Warnings]),
            SupervisorJson.Default.SupervisorLaunched));
        connection.Watches |= request.Watch;
        GiveMemoryBackSoon();
    }

    private void OpenLog(SupervisorLaunch request)
    {
        var files = request.Log is null ? null : new JsonFileLog(request.Log, new LogRotation(request.Log, compressor), TellLogTrouble);
        log = files;
        if (request.LogReceiver is not { } receiver)
        {
            return;
        }

        ILineFormat format = receiver.Kind == LogReceiverKind.Journald ? new JournalFormat(receiver.Fields ?? []) : new SyslogLineFormat(receiver, Environment.ProcessId);
        var sender = new LogSender(loop, receiver, format, TellLogTrouble);
        log = new ForwardedLog(files, sender);
        try
        {
            sender.Connect();
        }
        catch (ErrnoException refused)
        {
            var why = receiver.Kind == LogReceiverKind.Journald && refused.Errno == Errno.ENOENT
                ? "journald is not enabled on this host"
                : $"dial {receiver.Name}: {ErrnoException.Describe(refused.Errno)}";
            throw new LaunchException("open the log", refused.Errno, $"failed to initialize logging driver: {why}", inner: refused);
        }
    }

    private static void TellNamespaces(ControlConnection connection, int pid)
    {
        if (connection.Ask(SupervisorFrameCodec.Encode(SupervisorFrame.Made, new(pid), SupervisorJson.Default.NamespacesMade)) != SupervisorFrame.Continue)
        {
            throw new LaunchException("configure the network", Errno.ECANCELED, "the daemon did not configure the container's network");
        }
    }

    /// <summary>
    /// A launch or an exec needs many times the memory that an idle supervisor does, and nothing would force it out later. Not at once: a short
    /// container shall not wait for it.
    /// </summary>
    private void GiveMemoryBackSoon()
    {
        trim ??= loop.After(trimDelay, () =>
        {
            trim = null;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        });
    }

    private void FailLaunch(ControlConnection connection, Exception refused)
    {
        connection.Send(Failed("launch", refused));
        StopListening();
        hasFailed = true;
        foreach (var each in connections.ToArray())
        {
            each.CloseWhenFlushed();
        }
    }

    private void StopListening()
    {
        listening?.Dispose();
        listener?.Dispose();
        listener = null;
        if (socketPath is not null)
        {
            File.Delete(socketPath);
        }
    }
}
