using System.Globalization;
using System.Text;
using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Launch;

/// <summary>What the child does in its new namespaces, mounts aside.</summary>
internal static unsafe class NamespaceSteps
{
    public static void Add(StepList steps, ContainerPlan plan)
    {
        if (plan.Namespaces.New.HasFlag(NamespaceKinds.Cgroup))
        {
            // Not by the clone: the namespace's root is the cgroup of whoever makes it, and only now is that the container's.
            steps.Call("make a cgroup namespace", null, SyscallNumber.Unshare, (uint)NamespaceKinds.Cgroup);
        }

        if (plan.Namespaces.New.HasFlag(NamespaceKinds.Time))
        {
            AddTime(steps, plan.Linux.TimeOffsets);
        }

        if (plan.Namespaces.New.HasFlag(NamespaceKinds.Network))
        {
            AddLoopback(steps);
        }
    }

    /// <summary>User and group 0 of the new user namespace: until then the child is nobody there, though with all capabilities.</summary>
    public static void AddBecomeRoot(StepList steps)
    {
        steps.Call("become root of the user namespace", null, SyscallNumber.Setgroups, 0, 0);
        steps.Call("become root of the user namespace", null, SyscallNumber.Setresgid, 0, 0, 0);
        steps.Call("become root of the user namespace", null, SyscallNumber.Setresuid, 0, 0, 0);
    }

    /// <summary>Made late where there is a user namespace: the root of mqueue belongs to whoever makes the IPC namespace.</summary>
    public static void AddLateIpc(StepList steps, NamespacePlan namespaces)
    {
        if (namespaces.New.HasFlag(NamespaceKinds.Ipc))
        {
            steps.Call("make an IPC namespace", null, SyscallNumber.Unshare, (uint)NamespaceKinds.Ipc);
        }
    }

    public static void AddNames(StepList steps, OciSpec spec)
    {
        AddName("set the host name", spec.Hostname, SyscallNumber.Sethostname);
        AddName("set the domain name", spec.Domainname, SyscallNumber.Setdomainname);

        void AddName(string what, string? name, int call)
        {
            if (name is { Length: > 0 })
            {
                steps.Call(what, name, call, StepList.Address(steps.Text(name)), Encoding.UTF8.GetByteCount(name));
            }
        }
    }

    private static void AddTime(StepList steps, Dictionary<string, OciTimeOffset>? offsets)
    {
        const string words = "make a time namespace";
        steps.Call(words, null, SyscallNumber.Unshare, (uint)NamespaceKinds.Time);
        if (offsets is { Count: > 0 })
        {
            var text = string.Concat(offsets.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Key} {o.Value.Secs} {o.Value.Nanosecs}\n")));
            var file = steps.Call(words, null, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument("/proc/self/timens_offsets"), OpenFlags.WriteOnly | OpenFlags.CloseOnExec);
            steps.WriteText("set the time offsets", text.Trim(), file, text);
        }

        // Made for children; entering it is what fixes the offsets.
        var made = steps.Call(words, null, SyscallNumber.Openat, OpenFlags.CurrentDirectory, steps.TextArgument("/proc/self/ns/time_for_children"), OpenFlags.CloseOnExec);
        steps.Call(words, null, SyscallNumber.Setns, made, (uint)NamespaceKinds.Time);
    }

    private static void AddLoopback(StepList steps)
    {
        const int inet = 2, datagram = 2, closeOnExec = 0x80000, setFlags = 0x8914;
        const short up = 1;
        var request = steps.Allocate<byte>(40); // struct ifreq: a name of 16 bytes, then a union
        (request[0], request[1]) = ((byte)'l', (byte)'o');
        *(short*)(request + 16) = up;
        var socket = steps.Call("bring up the loopback interface", null, SyscallNumber.Socket, inet, datagram | closeOnExec, 0);
        steps.Call("bring up the loopback interface", null, SyscallNumber.Ioctl, socket, setFlags, StepList.Address(request));
        steps.Call("close", null, SyscallNumber.Close, socket);
    }
}
