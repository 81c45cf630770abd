using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

/// <summary>Watches the container's cgroup for processes that the kernel kills for want of memory, and finds out which.</summary>
internal sealed class OomReporter : IDisposable
{
    // v1 tells before the kill is counted: looks again a few times.
    private const int Attempts = 25;
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(20);

    private readonly EventLoop loop;
    private readonly CgroupOomWatch watch;
    private readonly KernelOomLog kernelLog;
    private readonly Action<OomEvent> report;
    private readonly EventLoop.Registration registration;
    private EventLoop.LoopTimer? retry;

    private OomReporter(EventLoop loop, ICgroup cgroup, CgroupOomWatch watch, Action<OomEvent> report)
    {
        this.loop = loop;
        this.watch = watch;
        this.report = report;
        kernelLog = new KernelOomLog(cgroup.Path);
        registration = loop.Register(watch.Descriptor, EpollEvents.In, _ => OnEvent());
    }

    /// <summary>Kills seen so far.</summary>
    public long Kills { get; private set; }

    public string? Victim { get; private set; }

    /// <returns>Null where memory is not controlled.</returns>
    public static OomReporter? TryStart(EventLoop loop, ICgroup cgroup, Action<OomEvent> report)
        => cgroup.WatchOom() is { } watch ? new OomReporter(loop, cgroup, watch, report) : null;

    /// <summary>While the cgroup still exists: the count at the container's end is the last word.</summary>
    public void CheckForLastTime()
    {
        Check(attempts: 0);
        registration.Dispose();
        retry?.Dispose();
    }

    public void Dispose()
    {
        registration.Dispose();
        retry?.Dispose();
        watch.Dispose();
        kernelLog.Dispose();
    }

    private void OnEvent()
    {
        watch.Drain();
        Check(Attempts);
    }

    private void Check(int attempts)
    {
        retry?.Dispose();
        retry = null;
        var kills = watch.OomKills();
        if (kills > Kills)
        {
            Kills = kills;
            Victim = kernelLog.ReadVictim() ?? Victim;
            report(new OomEvent(TimeProvider.System.GetUtcNow(), Victim));
        }
        else if (attempts > 0)
        {
            retry = loop.After(pause, () => Check(attempts - 1));
        }
    }
}
