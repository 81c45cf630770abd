using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary>Reads the samples of many containers at once: a thread and a connection for each, since every answer takes the daemon a second.</summary>
internal sealed class StatsWatch(Invocation call) : IDisposable
{
    private const int ThreadStack = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly List<Watched> _watched = [];
    private readonly List<string> _refusals = [];
    private readonly ManualResetEventSlim _changed = new();
    private bool _ended;

    /// <summary>The newest sample of each container, in the order in which they were added.</summary>
    public IReadOnlyList<(string Name, JsonElement Stats)> Samples
    {
        get
        {
            lock (_lock)
            {
                return [.. _watched.Select(static container => (container.Name, container.Stats))];
            }
        }
    }

    public bool HasWatched
    {
        get
        {
            lock (_lock)
            {
                return _watched.Count > 0;
            }
        }
    }

    public void Add(string name)
    {
        var watched = new Watched(name);
        lock (_lock)
        {
            if (_ended || _watched.Exists(other => other.Name == name))
            {
                return;
            }

            _watched.Add(watched);
        }

        new Thread(() => Follow(watched), ThreadStack) { IsBackground = true, Name = "stats" }.Start();
    }

    /// <summary>Watches containers that start from now on.</summary>
    public void FollowStarts(bool alsoCreated) => new Thread(
        () =>
        {
            try
            {
                string[] filters = ["type=container", "event=start", "event=destroy", .. alsoCreated ? ["event=create"] : Array.Empty<string>()];
                using var reply = call.Engine.Send("GET", new Query("/events").AddFilters(filters).ToString());
                foreach (var happened in reply.ReadJsonValues())
                {
                    var id = happened.At("Actor").Text("ID");
                    if (happened.Text("Action") != "destroy")
                    {
                        Add(id);
                        continue;
                    }

                    lock (_lock)
                    {
                        _watched.RemoveAll(watched => watched.Name == id);
                    }
                }
            }
            catch (Exception failed) when (failed is EngineReplyException or EngineUnreachableException or IOException)
            {
                Refuse(failed.Message);
            }
        },
        ThreadStack)
    { IsBackground = true, Name = "events" }.Start();

    /// <summary>Waits until each container has a sample, has been refused, or the time is over.</summary>
    public void AwaitFirst(TimeSpan atMost)
    {
        var started = call.World.Time.GetTimestamp();
        while (true)
        {
            lock (_lock)
            {
                if (_watched.TrueForAll(static watched => watched.HasSample))
                {
                    return;
                }

                _changed.Reset();
            }

            var left = atMost == Timeout.InfiniteTimeSpan ? atMost : atMost - call.World.Time.GetElapsedTime(started);
            if ((left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) || !_changed.Wait(left))
            {
                return;
            }
        }
    }

    /// <summary>Lets a screen's worth of time pass; a stats display is paced by the clock on purpose.</summary>
    public void AwaitTick(TimeSpan tick)
    {
        using var never = new ManualResetEventSlim();
        never.Wait(tick);
    }

    /// <returns>The exit code: 1 when the daemon refused any.</returns>
    public int PrintRefusals()
    {
        lock (_lock)
        {
            call.Out.Flush();
            _refusals.ForEach(call.Err.WriteLine);
            return _refusals.Count == 0 ? 0 : 1;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
        }
    }

    private void Follow(Watched watched)
    {
        try
        {
            using var reply = call.Engine.Send("GET", $"/containers/{Query.Segment(watched.Name)}/stats");
            foreach (var stats in reply.ReadJsonValues())
            {
                // The first sample of a stream has nothing before it to compare with; a container that does not run never gets a second.
                var isFirst = stats.At("precpu_stats").Real("system_cpu_usage") == 0 && stats.At("cpu_stats").Real("system_cpu_usage") > 0;
                lock (_lock)
                {
                    watched.Stats = stats;
                    watched.HasSample |= !isFirst;
                }

                _changed.Set();
            }
        }
        catch (EngineReplyException refused)
        {
            Refuse(refused.Message);
        }
        catch (Exception broken) when (broken is EngineUnreachableException or IOException)
        {
            Refuse(broken.Message);
        }

        lock (_lock)
        {
            _watched.Remove(watched);
        }

        _changed.Set();
    }

    private void Refuse(string words)
    {
        lock (_lock)
        {
            _refusals.Add(words);
        }
    }

    private sealed class Watched(string name)
    {
        public string Name { get; } = name;

        public JsonElement Stats { get; set; }

        public bool HasSample { get; set; }
    }
}
