using System.Net.Sockets;
using Berth.Shared.Linux;

namespace Berth.Daemon.Hosting;

/// <summary>
/// Tells when the peer of a Unix socket is gone for good. The end of its sending side does not say so (docker attach ends it at once and reads on),
/// and a failing write says so only when there is something to write; the kernel's hang-up event does. One thread serves the daemon.
/// </summary>
internal sealed class PeerWatch : IDisposable
{
    private static readonly Lock State = new();
    private static readonly Dictionary<ulong, PeerWatch> Watches = [];
    private static Epoll? epoll;
    private static ulong lastId;

    private readonly ulong id;
    private readonly int descriptor;
    private readonly Action gone;

    private PeerWatch(ulong id, int descriptor, Action gone)
    {
        this.id = id;
        this.descriptor = descriptor;
        this.gone = gone;
    }

    /// <param name="gone">Called once, on the thread pool, when the peer has closed its socket; perhaps at once.</param>
    public static PeerWatch Start(Socket socket, Action gone)
    {
        lock (State)
        {
            if (epoll is null)
            {
                epoll = new Epoll();
                var waiting = epoll;
                new Thread(() => Wait(waiting)) { IsBackground = true, Name = "peers" }.Start();
            }

            var watch = new PeerWatch(++lastId, (int)socket.Handle, gone);
            Watches[watch.id] = watch;
            epoll.Add(watch.descriptor, EpollEvents.None, watch.id); // errors and hang-ups are always told
            return watch;
        }
    }

    /// <summary>Ends the watch; must come before the socket is closed, whose number another may get.</summary>
    public void Dispose()
    {
        lock (State)
        {
            if (Watches.Remove(id))
            {
                epoll?.Remove(descriptor);
            }
        }
    }

    private static void Wait(Epoll epoll)
    {
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[16];
        while (true)
        {
            var count = epoll.Wait(ready, timeoutMilliseconds: -1);
            lock (State)
            {
                foreach (var descriptor in ready[..count])
                {
                    if (Watches.Remove(descriptor.Data, out var watch))
                    {
                        epoll.Remove(watch.descriptor); // level-triggered: it would be told for ever
                        ThreadPool.UnsafeQueueUserWorkItem(static watch => watch.gone(), watch, preferLocal: false);
                    }
                }
            }
        }
    }
}
