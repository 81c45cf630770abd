namespace Berth.Shared.Linux;

/// <summary>Waits between looks at a state that the kernel doesn't announce: 1 ms, then twice as long each time up to 50 ms, until a deadline.</summary>
internal struct Backoff(TimeSpan timeout)
{
    private readonly long _deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
    private int _milliseconds = 1;

    /// <summary>Waits once; false when the deadline has passed and the caller should give up.</summary>
    public unsafe bool Wait()
    {
        var left = _deadline - Environment.TickCount64;
        if (left <= 0)
        {
            return false;
        }

        // poll(2) without descriptors: a wait that needs neither a timer thread nor the thread pool, which the supervisor doesn't have.
        _ = Libc.poll_fds(null, 0, (int)Math.Min(_milliseconds, left));
        _milliseconds = Math.Min(_milliseconds * 2, 50);
        return true;
    }
}
