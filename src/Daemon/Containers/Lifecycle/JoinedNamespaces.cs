using System.Globalization;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Namespaces of other containers, held open until the launch: by descriptor, since a pid may be another process by the time
/// that its path is followed.
/// </summary>
internal sealed class JoinedNamespaces : IDisposable
{
    private const ulong TmpfsMagic = 0x01021994;
    private const uint FileSystemOfThread = 0x00000200; // CLONE_FS: root and current directory, which setns(2) moves
    private const uint MountNamespace = 0x00020000; // CLONE_NEWNS

    private readonly List<SafeFileHandle> _held = [];
    private readonly List<OciNamespace> _namespaces = [];

    private JoinedNamespaces()
    {
    }

    public IReadOnlyList<OciNamespace> Namespaces => _namespaces;

    /// <summary>Null when the network is the container's own or the host's.</summary>
    public string? NetworkPath { get; private set; }

    /// <summary>The other container's /dev/shm, when its IPC namespace is joined and it has one.</summary>
    public string? SharedMemoryPath { get; private set; }

    /// <summary>Whose network is shared.</summary>
    public ContainerRecord? NetworkOwner { get; private set; }

    /// <exception cref="EngineException">NotFound; Conflict: the other container does not run; InvalidArgument: it does not share.</exception>
    public static JoinedNamespaces Open(ContainerPlan plan, ContainerIndex containers)
    {
        var joined = new JoinedNamespaces();
        try
        {
            if (plan.Namespaces.Pid is { Kind: NamespaceKind.Container, Container: { } pidOwner })
            {
                joined.Add("pid", "PID", containers.Resolve(pidOwner));
            }

            if (plan.Namespaces.Ipc is { Kind: NamespaceKind.Container, Container: { } ipcOwner })
            {
                joined.AddIpc(containers.Resolve(ipcOwner));
            }

            if (plan.Network.SharedWith is { } networkOwner)
            {
                var owner = containers.Resolve(networkOwner);
                joined.NetworkPath = joined.Hold(owner, "network", pid => FilesAt.Open($"/proc/{pid}/ns/net", OpenFlags.ReadOnly));
                joined.NetworkOwner = owner.Record;
            }

            return joined;
        }
        catch
        {
            joined.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var handle in _held)
        {
            handle.Dispose();
        }
    }

    private void Add(string type, string word, ContainerCell owner)
        => _namespaces.Add(new OciNamespace(type, Hold(owner, word, pid => FilesAt.Open($"/proc/{pid}/ns/{type}", OpenFlags.ReadOnly))));

    private void AddIpc(ContainerCell owner)
    {
        switch (owner.Record.Plan.Namespaces.Ipc.Kind)
        {
            case NamespaceKind.Shareable:
                Add("ipc", "IPC", owner);
                SharedMemoryPath = Hold(owner, "IPC", OpenSharedMemory);
                break;
            case NamespaceKind.Host:
                SharedMemoryPath = "/dev/shm";
                Add("ipc", "IPC", owner);
                break;
            default:
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"failed to join IPC namespace: container {owner.Record.Id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
        }
    }

    // The path is inside the other container's reach: it is followed in its root only, and must end on what the engine mounted there.
    private static SafeFileHandle OpenSharedMemory(int pid)
    {
        using var root = FilesAt.Open($"/proc/{pid}/root", OpenFlags.PathOnly | OpenFlags.Directory);
        var memory = FilesAt.OpenBeneath(root, "/dev/shm", OpenFlags.PathOnly | OpenFlags.Directory | OpenFlags.NoFollow,
            OpenFlags.ResolveInRoot | OpenFlags.ResolveNoMagicLinks | OpenFlags.ResolveNoSymlinks);
        using (memory)
        {
            return FilesAt.FileSystemMagic(memory) == TmpfsMagic
                ? CopyWithin(pid, memory)
                : throw new EngineException(ErrorKind.Conflict, "cannot join IPC: the other container's /dev/shm is no longer the one it was started with");
        }
    }

    // A mount can be copied only from within its own mount namespace; the copy is nobody's yet, and may be attached in any.
    private static SafeFileHandle CopyWithin(int pid, SafeFileHandle mount)
    {
        using var mounts = FilesAt.Open($"/proc/{pid}/ns/mnt", OpenFlags.ReadOnly);
        SafeFileHandle? copy = null;
        Exception? failure = null;

        // The namespace is left only by the thread's end.
        var thread = new Thread(() =>
        {
            try
            {
                Berth.Shared.Linux.Namespaces.Unshare(FileSystemOfThread);
                Berth.Shared.Linux.Namespaces.Enter(mounts, MountNamespace);
                copy = MountApi.CloneTree(mount);
            }
            catch (Exception error) // carried to the caller
            {
                failure = error;
            }
        }, maxStackSize: 256 << 10)
        { IsBackground = true, Name = "joined-memory" };
        thread.Start();
        thread.Join();
        return copy ?? throw failure!; // one of the two is set
    }

    private string Hold(ContainerCell owner, string word, Func<int, SafeFileHandle> open)
    {
        var before = owner.Record;
        if (before.State.LivePid is not { } pid)
        {
            throw before.State is ContainerState.Restarting
                ? ContainerErrors.IsRestarting(before.Id)
                : new EngineException(ErrorKind.Conflict, $"cannot join {word} of a non running container: {before.Id}");
        }

        SafeFileHandle handle;
        try
        {
            handle = open(pid);
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            throw new EngineException(ErrorKind.Conflict, $"cannot join {word} of a non running container: {before.Id}", gone);
        }

        _held.Add(handle);
        return string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{handle.Fd()}");
    }
}
