using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor;

/// <summary>The supervisor's one thread: waits for descriptors and times, and calls who asked. Nothing that it calls may block.</summary>
internal sealed class EventLoop : IDisposable
{
    private readonly Epoll epoll = new();
    private readonly List<Registration?> slots = [];
    private readonly List<LoopTimer> timers = [];
    private readonly ReadyDescriptor[] ready = new ReadyDescriptor[32];
    private uint generation;

    /// <param name="handle">Stays owned by the caller, who disposes the registration before it.</param>
    public Registration Register(SafeFileHandle handle, EpollEvents events, Action<EpollEvents> handler)
    {
        var slot = slots.IndexOf(null);
        if (slot < 0)
        {
            slot = slots.Count;
            slots.Add(null);
        }

        // The generation tells an event of an earlier holder of the slot, in the same batch, from one of this.
        var registration = new Registration(this, slot, ((ulong)++generation << 32) | (uint)slot, handle, handler);
        slots[slot] = registration;
        registration.Events = events;
        return registration;
    }

    /// <summary>Calls once after the delay, unless disposed before.</summary>
    public LoopTimer After(TimeSpan delay, Action action)
    {
        var timer = new LoopTimer(this, Environment.TickCount64 + (long)delay.TotalMilliseconds, action);
        timers.Add(timer);
        return timer;
    }

    /// <summary>Waits for something to happen and handles it.</summary>
    public void RunOnce()
    {
        var count = epoll.Wait(ready, UntilNextTimer());
        for (var i = 0; i < count; i++)
        {
            var slot = (int)(uint)ready[i].Data;
            if (slots[slot] is { } registration && registration.Token == ready[i].Data)
            {
                registration.Handler(ready[i].Events);
            }
        }

        FireTimers();
    }

    public void Dispose() => epoll.Dispose();

    private int UntilNextTimer()
    {
        var next = long.MaxValue;
        foreach (var timer in timers)
        {
            next = Math.Min(next, timer.Due);
        }

        return next == long.MaxValue ? Timeout.Infinite : (int)Math.Clamp(next - Environment.TickCount64, 0, int.MaxValue);
    }

    private void FireTimers()
    {
        for (var i = timers.Count - 1; i >= 0 && timers.Count > 0; i--)
        {
            if (i < timers.Count && timers[i].Due <= Environment.TickCount64)
            {
                var timer = timers[i];
                timers.RemoveAt(i);
                timer.Action();
            }
        }
    }

    internal sealed class LoopTimer(EventLoop loop, long due, Action action) : IDisposable
    {
        internal long Due => due;

        internal Action Action => action;

        public void Dispose() => loop.timers.Remove(this);
    }

    internal sealed class Registration(EventLoop loop, int slot, ulong token, SafeFileHandle handle, Action<EpollEvents> handler) : IDisposable
    {
        private EpollEvents events;
        private bool added;

        internal ulong Token => token;

        internal Action<EpollEvents> Handler => handler;

        /// <summary>With None not even hang-ups are told; they come as soon as anything else is asked for again.</summary>
        public EpollEvents Events
        {
            get => events;
            set
            {
                if (value == events)
                {
                    return;
                }

                events = value;
                if (value == EpollEvents.None)
                {
                    loop.epoll.Remove(handle.Fd());
                    added = false;
                }
                else if (added)
                {
                    loop.epoll.Change(handle.Fd(), value, token);
                }
                else
                {
                    loop.epoll.Add(handle.Fd(), value, token);
                    added = true;
                }
            }
        }

        public void Dispose()
        {
            if (ReferenceEquals(loop.slots[slot], this))
            {
                Events = EpollEvents.None;
                loop.slots[slot] = null;
            }
        }
    }
}
