using System.Net.Sockets;
using Berth.Shared.Linux;

namespace Berth.Shared.Supervision;

/// <summary>Starts supervisors: one process per container, out of one sealed copy of the runtime.</summary>
public sealed class SupervisorProgram(SealedExecutable runtime) : IDisposable
{
    /// <param name="runtimePath">The berth-runtime program.</param>
    public static SupervisorProgram Load(string runtimePath) => new(SealedExecutable.Create(runtimePath));

    /// <summary>Starts a supervisor that waits for its Launch, and ends if the connection is closed before.</summary>
    /// <returns>The process, which the caller must await (<see cref="SpawnedProcess.WaitAsync"/>), and the first connection.</returns>
    /// <exception cref="ErrnoException">It could not be started: out of processes, memory or descriptors.</exception>
    public (SpawnedProcess Process, SupervisorConnection Connection) Start()
    {
        var (ours, theirs) = Descriptors.SocketPair();
        using (ours)
        using (theirs)
        {
            var process = Spawn.Start(
                runtime.Path, ["berth-runtime", "supervise", "--control", $"{theirs.Fd()}"], Environment(), inherited: [theirs]);
            var socket = new Socket(new SafeSocketHandle(ours.DangerousGetHandle(), ownsHandle: true));
            ours.SetHandleAsInvalid(); // the socket owns it now
            return (process, new SupervisorConnection(socket));
        }
    }

    public void Dispose() => runtime.Dispose();

    // Hooks and foreign runtimes need a PATH; nothing of the daemon's own environment, which may hold credentials, goes on to them.
    private static string[] Environment() => ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
}
