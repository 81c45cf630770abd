using System.Globalization;
using System.Net.Sockets;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Starts supervisors from one sealed copy of the runtime, which no container can overwrite and an upgrade does not disturb.
/// One stands ready, so that starting a container does not wait for a program to load.
/// </summary>
internal sealed class SupervisorPool(ContainersOptions options) : IDisposable
{
    private readonly Lock _gate = new();
    private SealedExecutable? _runtime;
    private SupervisorProcess? _ready;
    private bool _stopped;

    /// <summary>Makes the copy, and the supervisor that stands ready; to be called once, before the first start.</summary>
    /// <exception cref="IOException">The runtime program can't be read.</exception>
    public void Prepare()
    {
        _runtime = SealedExecutable.Create(options.RuntimePath);
        Refill();
    }

    /// <summary>A supervisor for one run, owned by the caller.</summary>
    public SupervisorProcess Take()
    {
        SupervisorProcess? ready;
        lock (_gate)
        {
            (ready, _ready) = (_ready, null);
        }

        if (ready is { HasEnded: false })
        {
            return ready;
        }

        ready?.Dispose();
        return Start();
    }

    /// <summary>Has one stand ready again; called when a start is over, so as not to compete with it.</summary>
    public void Refill()
    {
        lock (_gate)
        {
            if (_stopped || _ready is { HasEnded: false })
            {
                return;
            }

            _ready?.Dispose();
            _ready = Start();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            _ready?.Dispose(); // its connection closes, and so it ends
            _ready = null;
        }

        _runtime?.Dispose();
    }

    private SupervisorProcess Start()
    {
        var runtime = _runtime ?? throw new InvalidOperationException("the supervisor pool was not prepared");
        var (mine, theirs) = Descriptors.SocketPair();
        using (theirs)
        {
            SpawnedProcess process;
            try
            {
                process = Spawn.Start(
                    runtime.Path,
                    ["berth-runtime", "supervise", "--control", theirs.Fd().ToString(CultureInfo.InvariantCulture)],
                    Environment,
                    inherited: [theirs]);
            }
            catch
            {
                mine.Dispose();
                throw;
            }

            return new SupervisorProcess(process, new SupervisorConnection(AsSocket(mine)));
        }
    }

    // Foreign runtimes look their helpers up in PATH; nothing else of the daemon's environment is a supervisor's business.
    private static string[] Environment { get; } = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

    private static Socket AsSocket(SafeFileHandle handle)
    {
        var socket = new Socket(new SafeSocketHandle(handle.DangerousGetHandle(), ownsHandle: true));
        handle.SetHandleAsInvalid(); // the socket owns the descriptor now
        return socket;
    }
}
