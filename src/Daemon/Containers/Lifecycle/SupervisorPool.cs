using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Starts supervisors from one sealed copy of the runtime, which no container can overwrite and an upgrade does not disturb.
/// One stands ready, so that starting a container does not wait for a program to load and to rehearse.
/// </summary>
internal sealed class SupervisorPool(ContainersOptions options) : IDisposable
{
    private readonly Lock _gate = new();
    private SupervisorProgram? _runtime;
    private SupervisorProcess? _ready;
    private bool _stopped;

    /// <summary>Makes the copy, and the supervisor that stands ready; to be called once, before the first start.</summary>
    /// <exception cref="IOException">The runtime program can't be read.</exception>
    public void Prepare()
    {
        _runtime = SupervisorProgram.Load(options.RuntimePath);
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
        var (process, control) = runtime.Start();
        return new SupervisorProcess(process, control);
    }
}
