using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Tells when files in a directory are written, made or renamed; inotify(7). One kernel queue and one thread serve all watches of the process,
/// where a FileSystemWatcher each would take a thread each.
/// </summary>
public static class DirectoryChanges
{
    private const uint Wanted = Libc.IN_MODIFY | Libc.IN_CREATE | Libc.IN_MOVED_TO | Libc.IN_MOVED_FROM | Libc.IN_DELETE_SELF;

    private static readonly Lock State = new();
    private static readonly Dictionary<int, List<DirectoryWatch>> Watches = [];
    private static SafeFileHandle? queue;

    /// <exception cref="ErrnoException">ENOENT: no such directory. ENOSPC: fs.inotify.max_user_watches is reached.</exception>
    public static DirectoryWatch Watch(string directory)
    {
        lock (State)
        {
            queue ??= Start();

            // The same directory gives the same number each time.
            var number = Syscall.Check(Libc.inotify_add_watch(queue.Fd(), directory, Wanted), "inotify_add_watch", directory);
            var watch = new DirectoryWatch(number);
            if (!Watches.TryGetValue(number, out var list))
            {
                Watches[number] = list = [];
            }

            list.Add(watch);
            return watch;
        }
    }

    internal static void Remove(DirectoryWatch watch)
    {
        lock (State)
        {
            if (Watches.TryGetValue(watch.Number, out var list) && list.Remove(watch) && list.Count == 0)
            {
                Watches.Remove(watch.Number);
                _ = Libc.inotify_rm_watch(queue!.Fd(), watch.Number); // EINVAL: the directory is gone, and the watch with it
            }
        }
    }

    private static SafeFileHandle Start()
    {
        var handle = Syscall.CheckFd(Libc.inotify_init1(Libc.IN_CLOEXEC), "inotify_init1");
        new Thread(() => Read(handle)) { IsBackground = true, Name = "inotify" }.Start();
        return handle;
    }

    private static unsafe void Read(SafeFileHandle handle)
    {
        var buffer = stackalloc byte[16 << 10];
        while (true)
        {
            var length = Libc.read_inotify(handle.Fd(), buffer, 16 << 10);
            if (length < 0)
            {
                if (Syscall.LastErrno == Errno.EINTR)
                {
                    continue;
                }

                throw new ErrnoException(Syscall.LastErrno, "read", "inotify");
            }

            lock (State)
            {
                for (var at = buffer; at < buffer + length;)
                {
                    var happened = (Libc.InotifyEvent*)at;
                    Signal(happened->Watch, happened->Mask);
                    at += sizeof(Libc.InotifyEvent) + happened->NameLength;
                }
            }
        }
    }

    private static void Signal(int number, uint mask)
    {
        if ((mask & Libc.IN_Q_OVERFLOW) != 0)
        {
            // Something was lost: everyone looks for themselves.
            foreach (var watch in Watches.Values.SelectMany(list => list))
            {
                watch.Set();
            }

            return;
        }

        if (Watches.TryGetValue(number, out var list))
        {
            foreach (var watch in list)
            {
                watch.Set();
            }

            if ((mask & Libc.IN_IGNORED) != 0)
            {
                Watches.Remove(number);
            }
        }
    }
}
