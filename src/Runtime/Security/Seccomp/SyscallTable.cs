namespace Berth.Runtime.Security.Seccomp;

/// <summary>Numbers of system calls by name and architecture.</summary>
internal static partial class SyscallTable
{
    // <sys/syscall.h> of i386: calls that also, or only, go through the two old doors; linux/net.h, linux/ipc.h.
    private static readonly string[] s_socketCalls =
    [
        "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv", "sendto", "recvfrom", "shutdown",
        "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
    ];

    private static readonly (string Name, uint Call)[] s_ipcCalls =
    [
        ("semop", 1), ("semget", 2), ("semctl", 3), ("semtimedop", 4), ("msgsnd", 11), ("msgrcv", 12), ("msgget", 13), ("msgctl", 14),
        ("shmat", 21), ("shmdt", 22), ("shmget", 23), ("shmctl", 24),
    ];

    /// <returns>The name's place in the table; negative: no architecture has it, or we don't know it.</returns>
    public static int FindRow(string name)
    {
        int low = 0, high = s_names.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = string.CompareOrdinal(s_names[middle], name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    /// <returns>Negative: this architecture has no such call. x32 numbers without their bit.</returns>
    public static int Number(int row, SeccompArchitecture architecture) => architecture switch
    {
        SeccompArchitecture.X86_64 => X86_64[row],
        SeccompArchitecture.X86 => X86[row],
        SeccompArchitecture.X32 => X32[row],
        SeccompArchitecture.Arm64 => Arm64[row],
        _ => Arm[row],
    };

    /// <returns>Null: this architecture has no such call, or we don't know it. x32 numbers have their bit.</returns>
    public static uint? Find(string name, SeccompArchitecture architecture)
    {
        var row = FindRow(name);
        var number = row < 0 ? -1 : Number(row, architecture);
        return number < 0 ? null : architecture == SeccompArchitecture.X32 ? (uint)number | SeccompArchitectures.X32Bit : (uint)number;
    }

    /// <summary>On i386 the door, socketcall or ipc, that the call can also come through, and its number there as the door's first argument.</summary>
    public static (uint Door, uint Call)? FindDoor(string name, SeccompArchitecture architecture)
    {
        if (architecture != SeccompArchitecture.X86)
        {
            return null;
        }

        var socketCall = Array.IndexOf(s_socketCalls, name);
        if (socketCall >= 0)
        {
            return (Find("socketcall", architecture)!.Value, (uint)socketCall + 1);
        }

        foreach (var (ipcName, call) in s_ipcCalls)
        {
            if (ipcName == name)
            {
                return (Find("ipc", architecture)!.Value, call);
            }
        }

        return null;
    }
}
