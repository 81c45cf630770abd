using System.Collections.Concurrent;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks.Names;

/// <summary>
/// The one thread that serves the sockets of all containers: it waits for all of them at once, and nothing that it calls
/// waits. Everything but <see cref="RunAsync"/> is for that thread alone.
/// </summary>
internal sealed class NameLoop : IDisposable
{
    private const int Batch = 64;
    private const ulong WakeUpMark = ulong.MaxValue;

    private readonly Epoll _epoll = new();
    private readonly WakeUp _wakeUp = new();
    private readonly ConcurrentQueue<(Action Work, TaskCompletionSource Done)> _posted = new();
    private readonly List<(LoopSocket? Socket, uint Generation)> _slots = [];
    private readonly Stack<int> _free = [];
    private readonly PriorityQueue<(LoopSocket Socket, uint Stamp), long> _deadlines = new();
    private readonly SafeFileHandle _home;
    private readonly bool _isForeign;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private volatile bool _stopped;

    /// <param name="home">The host's namespace, in which the thread is but for moments; stays the caller's.</param>
    public NameLoop(SafeFileHandle home, ILogger log)
    {
        (_home, _log) = (home, log);
        _isForeign = NetworkNamespaces.IsForeign(home);
        _epoll.Add(_wakeUp.Handle.Fd(), EpollEvents.In, WakeUpMark);
        _thread = new Thread(Run, maxStackSize: 256 << 10) { IsBackground = true, Name = "names" };
        _thread.Start();
    }

    /// <summary>For one receive or send at a time.</summary>
    public byte[] Received { get; } = new byte[64 << 10];

    /// <summary>For one answer at a time.</summary>
    public byte[] Reply { get; } = new byte[64 << 10];

    /// <summary>Has work done on the thread, in turn, and waits for it. When the loop has been stopped it is not done.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue((work, done));
        if (_stopped)
        {
            DoPosted();
        }
        else
        {
            _wakeUp.Signal();
        }

        return done.Task;
    }

    public void Watch(LoopSocket socket, EpollEvents events)
    {
        var slot = _free.TryPop(out var free) ? free : _slots.Count;
        if (slot == _slots.Count)
        {
            _slots.Add((null, 0));
        }

        _slots[slot] = (socket, _slots[slot].Generation);
        socket.Slot = slot;
        socket.Events = events;
        _epoll.Add(socket.Handle.Fd(), events, Mark(slot));
    }

    public void Expect(LoopSocket socket, EpollEvents events)
    {
        if (socket.Events != events)
        {
            socket.Events = events;
            _epoll.Change(socket.Handle.Fd(), events, Mark(socket.Slot));
        }
    }

    /// <summary>Forgets a socket and closes it. Events that the kernel has told of already are dropped.</summary>
    public void Close(LoopSocket socket)
    {
        if (socket.Slot < 0)
        {
            return;
        }

        _slots[socket.Slot] = (null, _slots[socket.Slot].Generation + 1);
        _free.Push(socket.Slot);
        socket.Slot = -1;
        socket.Stamp++;
        socket.Handle.Dispose(); // which takes it out of the set too: nobody has a copy of the descriptor, but one that is about to execute
    }

    /// <summary>Calls the socket's time-out after a while, unless another deadline is set for it before or it is closed.</summary>
    public void SetDeadline(LoopSocket socket, TimeSpan after)
        => _deadlines.Enqueue((socket, ++socket.Stamp), Environment.TickCount64 + (long)after.TotalMilliseconds);

    /// <summary>Does something in another network namespace.</summary>
    public T In<T>(SafeFileHandle networkNamespace, Func<T> work)
    {
        NetworkNamespaces.Enter(networkNamespace);
        try
        {
            return work();
        }
        finally
        {
            NetworkNamespaces.Enter(_home);
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _wakeUp.Signal();
        _thread.Join();
        DoPosted();
        foreach (var (socket, _) in _slots)
        {
            socket?.Handle.Dispose();
        }

        _epoll.Dispose();
        // Not the wake-up: somebody may be about to signal it. It goes with its handle's finalizer.
    }

    private ulong Mark(int slot) => ((ulong)_slots[slot].Generation << 32) | (uint)slot;

    private void Run()
    {
        NetworkNamespaces.Enter(_home);
        var ready = new ReadyDescriptor[Batch];
        while (!_stopped)
        {
            var count = _epoll.Wait(ready, UntilDeadline());
            for (var i = 0; i < count; i++)
            {
                if (ready[i].Data == WakeUpMark)
                {
                    _wakeUp.Clear();
                    DoPosted();
                }
                else
                {
                    Serve(ready[i]);
                }
            }

            CallTimeouts();
        }
    }

    private void DoPosted()
    {
        while (_posted.TryDequeue(out var posted))
        {
            try
            {
                if (!_stopped)
                {
                    posted.Work();
                }

                Complete(posted.Done.SetResult);
            }
            catch (Exception error)
            {
                Complete(() => posted.Done.SetException(error)); // the one who waits gets it
            }
        }
    }

    private void Complete(Action complete)
    {
        if (_isForeign && Thread.CurrentThread == _thread)
        {
            NetworkNamespaces.DoAtHome(_home, complete);
        }
        else
        {
            complete();
        }
    }

    private void Serve(ReadyDescriptor ready)
    {
        var (socket, generation) = _slots[(int)(uint)ready.Data];
        if (socket is null || generation != (uint)(ready.Data >> 32))
        {
            return; // closed by an event before this one
        }

        try
        {
            socket.OnReady(ready.Events);
        }
        catch (Exception error)
        {
            Fail(socket, error);
        }
    }

    private int UntilDeadline()
    {
        while (_deadlines.TryPeek(out var next, out var at))
        {
            if (next.Stamp == next.Socket.Stamp)
            {
                return (int)Math.Clamp(at - Environment.TickCount64, 0, int.MaxValue);
            }

            _deadlines.Dequeue();
        }

        return -1;
    }

    private void CallTimeouts()
    {
        while (_deadlines.TryPeek(out var next, out var at) && (at <= Environment.TickCount64 || next.Stamp != next.Socket.Stamp))
        {
            _deadlines.Dequeue();
            if (next.Stamp == next.Socket.Stamp)
            {
                try
                {
                    next.Socket.OnTimeout();
                }
                catch (Exception error)
                {
                    Fail(next.Socket, error);
                }
            }
        }
    }

    // One container's trouble must not end the service of the others.
    private void Fail(LoopSocket socket, Exception error)
    {
        _log.NameSocketFailed(error);
        socket.OnFailure();
    }
}

/// <summary>A socket of the loop.</summary>
internal abstract class LoopSocket(SafeFileHandle handle)
{
    public SafeFileHandle Handle { get; protected set; } = handle;

    /// <summary>The loop's: its place among the watched; -1 when it is not watched.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>The loop's: tells the deadline that counts from those before.</summary>
    public uint Stamp { get; set; }

    /// <summary>The loop's.</summary>
    public EpollEvents Events { get; set; }

    public abstract void OnReady(EpollEvents events);

    public abstract void OnTimeout();

    /// <summary>One of the others has thrown what it should not.</summary>
    public abstract void OnFailure();
}
