using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Starts programs by posix_spawn(3), which shares memory with the parent until the exec: right for a process of many threads,
/// where a fork's child could wait for ever on a lock that nobody will release.
/// </summary>
public static unsafe class Spawn
{
    private const int O_RDWR = 2;

    /// <summary>
    /// Starts a program in a session of its own, with an empty signal mask, every signal at its default and the root of no terminal.
    /// It gets the standard descriptors given (/dev/null where null) and those in <paramref name="inherited"/>, at the numbers that they have here.
    /// </summary>
    /// <param name="path">Absolute path of the program; /proc/self/fd/N runs an open descriptor.</param>
    /// <param name="arguments">argv, the name first.</param>
    /// <param name="environment">"NAME=value"; nothing else is passed on.</param>
    /// <exception cref="ErrnoException">It was not started: ENOENT, EACCES, EAGAIN (too many processes), ...</exception>
    public static SpawnedProcess Start(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        IReadOnlyList<SafeFileHandle>? inherited = null,
        SafeFileHandle? stdin = null,
        SafeFileHandle? stdout = null,
        SafeFileHandle? stderr = null)
    {
        var actions = stackalloc byte[Libc.SpawnFileActionsSize];
        var attributes = stackalloc byte[Libc.SpawnAttributesSize];
        var signals = stackalloc byte[Libc.SignalSetSize];
        Check(Libc.posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
        Check(Libc.posix_spawnattr_init(attributes), "posix_spawnattr_init");
        try
        {
            Span<SafeFileHandle?> standard = [stdin, stdout, stderr];
            for (var number = 0; number < standard.Length; number++)
            {
                Check(
                    standard[number] is { } handle
                        ? Libc.posix_spawn_file_actions_adddup2(actions, handle.Fd(), number)
                        : Libc.posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_RDWR, 0),
                    "posix_spawn_file_actions");
            }

            foreach (var handle in inherited ?? [])
            {
                // Onto itself: that clears close-on-exec in the child alone.
                Check(Libc.posix_spawn_file_actions_adddup2(actions, handle.Fd(), handle.Fd()), "posix_spawn_file_actions_adddup2");
            }

            new Span<byte>(signals, Libc.SignalSetSize).Clear();
            Check(Libc.posix_spawnattr_setsigmask(attributes, signals), "posix_spawnattr_setsigmask");
            new Span<byte>(signals, Libc.SignalSetSize).Fill(0xff);
            Check(Libc.posix_spawnattr_setsigdefault(attributes, signals), "posix_spawnattr_setsigdefault");
            Check(
                Libc.posix_spawnattr_setflags(attributes, Libc.POSIX_SPAWN_SETSID | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK),
                "posix_spawnattr_setflags");

            return Start(path, arguments, environment, actions, attributes);
        }
        finally
        {
            // The handles' numbers are in the actions' list: they must not be closed, and so reused, before the spawn.
            GC.KeepAlive(inherited);
            GC.KeepAlive(stdin);
            GC.KeepAlive(stdout);
            GC.KeepAlive(stderr);
            _ = Libc.posix_spawnattr_destroy(attributes);
            _ = Libc.posix_spawn_file_actions_destroy(actions);
        }
    }

    private static SpawnedProcess Start(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, byte* actions, byte* attributes)
    {
        var nativePath = Marshal.StringToCoTaskMemUTF8(path);
        var argv = StringArray(arguments);
        var envp = StringArray(environment);
        try
        {
            int pid;
            Check(Libc.posix_spawn(&pid, (byte*)nativePath, actions, attributes, (byte**)argv, (byte**)envp), "posix_spawn", path);

            // Nobody but us reaps it, so the number can't have been given to another process meanwhile.
            return new SpawnedProcess(pid, Processes.OpenPid(pid));
        }
        finally
        {
            Marshal.FreeCoTaskMem(nativePath);
            Marshal.FreeCoTaskMem(argv);
            Marshal.FreeCoTaskMem(envp);
        }
    }

    /// <summary>A null-terminated char*[] and its strings in one block.</summary>
    private static nint StringArray(IReadOnlyList<string> strings)
    {
        var size = (strings.Count + 1) * sizeof(byte*);
        foreach (var text in strings)
        {
            size += Encoding.UTF8.GetByteCount(text) + 1;
        }

        var block = (byte*)Marshal.AllocCoTaskMem(size);
        var pointers = (byte**)block;
        var next = block + ((strings.Count + 1) * sizeof(byte*));
        for (var i = 0; i < strings.Count; i++)
        {
            pointers[i] = next;
            var length = Encoding.UTF8.GetBytes(strings[i], new Span<byte>(next, size - (int)(next - block)));
            next[length] = 0;
            next += length + 1;
        }

        pointers[strings.Count] = null;
        return (nint)block;
    }

    private static void Check(int error, string call, string? target = null)
    {
        if (error != 0)
        {
            throw new ErrnoException((Errno)error, call, target);
        }
    }
}
