using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// Makes network namespaces, on a thread of its own, and keeps a few ready with an interface on the default network's
/// bridge: a namespace and a veth pair are most of what a container's network costs, and don't depend on the container.
/// Those that are ready live by the daemon's descriptors alone, so nothing of them outlives it.
/// </summary>
internal sealed class SandboxFactory : IDisposable
{
    /// <summary>Name of the interface that ready sandboxes have.</summary>
    public const string ReadyInterface = "eth0";

    private readonly NetworkThread _thread;
    private readonly SafeFileHandle _home;
    private readonly ILogger _log;
    private readonly int _readyTarget;
    private readonly Lock _gate = new();
    private readonly Queue<Sandbox> _ready = [];
    private Func<Sandbox, SandboxLink>? _equip;
    private bool _defaultHasIPv6;
    private bool _filling;
    private bool _stopped;

    /// <param name="home">The host's namespace, to which the thread returns; stays the caller's.</param>
    /// <param name="readyTarget">How many to keep ready.</param>
    public SandboxFactory(SafeFileHandle home, int readyTarget, ILogger log)
    {
        (_home, _readyTarget, _log) = (home, readyTarget, log);
        _thread = new NetworkThread("sandboxes", home);
    }

    /// <summary>How many are ready now.</summary>
    public int ReadyCount
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>Begins to keep sandboxes ready.</summary>
    /// <param name="equip">Gives a sandbox its interface on the default network.</param>
    public void KeepReady(Func<Sandbox, SandboxLink> equip, bool hasIPv6)
    {
        lock (_gate)
        {
            (_equip, _defaultHasIPv6) = (equip, hasIPv6);
        }

        Refill();
    }

    /// <summary>Throws away what is ready and keeps nothing more ready: the default network goes, or changes.</summary>
    public void KeepNothing()
    {
        Sandbox[] leftOver;
        lock (_gate)
        {
            _equip = null;
            leftOver = [.. _ready];
            _ready.Clear();
        }

        foreach (var sandbox in leftOver)
        {
            sandbox.Dispose();
        }
    }

    /// <summary>A sandbox with an interface on the default network, at once if one is ready; null when there is none: make one.</summary>
    public Sandbox? TakeReady()
    {
        lock (_gate)
        {
            return _ready.TryDequeue(out var sandbox) ? sandbox : null;
        }
    }

    /// <summary>Makes up for what was taken, in the background; to be called when the one who took it is served.</summary>
    public void Refill()
    {
        lock (_gate)
        {
            if (_stopped || _filling || _equip is null || _ready.Count >= _readyTarget)
            {
                return;
            }

            _filling = true;
        }

        _ = _thread.RunAsync(FillOne); // it catches, and logs, what may fail
    }

    /// <summary>The same of a namespace that somebody else has made, and keeps.</summary>
    public Task<Sandbox> AdoptAsync(SafeFileHandle made, bool hasIPv6) => _thread.RunAsync(() => Equip(hasIPv6, () => NetworkNamespaces.Enter(made)));

    /// <summary>A sandbox whose only interface is lo, up.</summary>
    public Task<Sandbox> MakeAsync(bool hasIPv6) => _thread.RunAsync(() => Make(hasIPv6));

    /// <summary>A way to configure a namespace that is in use.</summary>
    /// <param name="networkNamespace">Owned by the sandbox from here on, also when this fails.</param>
    public Task<Sandbox> OpenAsync(SafeFileHandle networkNamespace) => _thread.RunAsync(() =>
    {
        try
        {
            NetworkNamespaces.Enter(networkNamespace);
            return new Sandbox(networkNamespace, Rtnetlink.OpenHere());
        }
        catch
        {
            networkNamespace.Dispose();
            throw;
        }
        finally
        {
            NetworkNamespaces.Enter(_home);
        }
    });

    /// <summary>Runs short work inside a namespace, such as writing its settings.</summary>
    public Task RunInsideAsync(SafeFileHandle networkNamespace, Action work) => _thread.RunAsync(() =>
    {
        try
        {
            NetworkNamespaces.Enter(networkNamespace);
            work();
        }
        finally
        {
            NetworkNamespaces.Enter(_home);
        }
    });

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
        }

        _thread.Dispose();
        KeepNothing();
    }

    private void FillOne()
    {
        Func<Sandbox, SandboxLink>? equip;
        bool hasIPv6;
        lock (_gate)
        {
            (equip, hasIPv6) = (_equip, _defaultHasIPv6);
        }

        var made = equip is null ? null : TryMakeReady(equip, hasIPv6);
        var more = false;
        lock (_gate)
        {
            _filling = false;
            if (made is not null && _equip == equip && !_stopped)
            {
                _ready.Enqueue(made);
                made = null;
                more = true;
            }
        }

        made?.Dispose();
        if (more)
        {
            Refill(); // as new work, so that a request for another sandbox gets its turn in between
        }
    }

    private Sandbox? TryMakeReady(Func<Sandbox, SandboxLink> equip, bool hasIPv6)
    {
        Sandbox? sandbox = null;
        try
        {
            sandbox = Make(hasIPv6);
            sandbox.Ready = equip(sandbox);
            return sandbox;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next container makes its own, and is told if that fails too.
            sandbox?.Dispose();
            _log.SandboxNotReady(error.Message);
            return null;
        }
    }

    private Sandbox Make(bool hasIPv6) => Equip(hasIPv6, NetworkNamespaces.Unshare);

    private Sandbox Equip(bool hasIPv6, Action enter)
    {
        const int loopback = 1;
        enter();
        SafeFileHandle? made = null;
        Rtnetlink? inside = null;
        try
        {
            made = NetworkNamespaces.OpenCurrent();
            inside = Rtnetlink.OpenHere();
            if (!hasIPv6)
            {
                // For interfaces to come, not for lo: ::1 works in every container.
                HostSettings.TryWrite("net/ipv6/conf/default/disable_ipv6", "1");
            }

            // Addresses are given, by the engine alone: a neighbour that says it is a router is not believed, and nobody is asked whether an address is free.
            HostSettings.TryWrite("net/ipv6/conf/default/accept_ra", "0");
            HostSettings.TryWrite("net/ipv6/conf/default/accept_dad", "0");
            inside.Apply(new RtnetlinkChanges().SetUp(loopback));
            return new Sandbox(made, inside);
        }
        catch
        {
            inside?.Dispose();
            made?.Dispose();
            throw;
        }
        finally
        {
            NetworkNamespaces.Enter(_home);
        }
    }
}
