using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

/// <summary>What the calling process may do: capabilities(7), getrlimit(2).</summary>
public static unsafe class Privileges
{
    /// <summary>_LINUX_CAPABILITY_VERSION_3.</summary>
    public const uint CapabilityVersion = 0x20080522;

    private const int PrctlCapBsetRead = 23;

    /// <summary>The permitted set, a bit per capability.</summary>
    public static ulong Permitted()
    {
        var header = new CapabilityHeader { Version = CapabilityVersion };
        var data = stackalloc CapabilityData[2];
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Capget, (nint)(&header), (nint)data), "capget");
        return data[0].Permitted | ((ulong)data[1].Permitted << 32);
    }

    /// <summary>The bounding set, and the number of capabilities that this kernel knows.</summary>
    public static (ulong Bounding, int Count) Bounding()
    {
        var set = 0UL;
        for (var capability = 0; capability < 64; capability++)
        {
            var has = KernelCall.Invoke(SyscallNumber.Prctl, PrctlCapBsetRead, capability);
            if (has < 0)
            {
                return (set, capability);
            }

            set |= (ulong)has << capability;
        }

        return (set, 64);
    }

    /// <param name="resource">RLIMIT_*.</param>
    public static ResourceLimit Limit(int resource)
    {
        ResourceLimit limit;
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Prlimit64, 0, resource, 0, (nint)(&limit)), "getrlimit");
        return limit;
    }

    /// <summary>prlimit(2) on another process.</summary>
    public static void SetLimit(int pid, int resource, ResourceLimit limit)
        => Syscall.Check(KernelCall.Invoke(SyscallNumber.Prlimit64, pid, resource, (nint)(&limit)), "prlimit");

    /// <summary>struct rlimit64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// <summary>struct __user_cap_header_struct.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CapabilityHeader
    {
        public uint Version;
        public int Pid;
    }

    /// <summary>struct __user_cap_data_struct, of which there are two: low bits and high bits.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CapabilityData
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}
