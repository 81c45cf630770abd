using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>eBPF programs that guard the devices of a v2 cgroup; bpf(2).</summary>
internal static class CgroupPrograms
{
    private const int Load = 5, Attach = 8, Detach = 9, FdById = 13, Query = 16;
    private const uint CgroupDeviceType = 15, CgroupDeviceAttach = 6;
    private const uint AllowMulti = 2, Replace = 4;

    // A size that holds every member used here; the kernel takes any size as long as what it doesn't know is zero.
    private const int AttributesSize = 128;

    /// <param name="instructions">struct bpf_insn, 8 bytes each.</param>
    /// <exception cref="ErrnoException">EPERM: no CAP_BPF or CAP_SYS_ADMIN, or too little locked memory (before 5.11). EINVAL, EACCES: the verifier refuses it. ENOSYS: no eBPF.</exception>
    public static unsafe SafeFileHandle LoadDeviceProgram(ReadOnlySpan<byte> instructions)
    {
        Span<byte> attributes = stackalloc byte[AttributesSize];
        attributes.Clear();
        fixed (byte* code = instructions)
        fixed (byte* license = "Apache-2.0\0"u8)
        {
            Put(attributes, 0, CgroupDeviceType);
            Put(attributes, 4, (uint)(instructions.Length / 8));
            Put(attributes, 8, (nint)code);
            Put(attributes, 16, (nint)license);
            "berth_device"u8.CopyTo(attributes[48..]); // prog_name: 15 characters at most
            return Syscall.CheckFd(Call(Load, attributes), "bpf", "load device program");
        }
    }

    /// <summary>Puts the program in the place of <paramref name="old"/>, or beside those that are there.</summary>
    /// <exception cref="ErrnoException">EPERM: a cgroup above has a program that allows no others.</exception>
    public static void AttachDeviceProgram(SafeFileHandle cgroup, SafeFileHandle program, SafeFileHandle? old)
    {
        Span<byte> attributes = stackalloc byte[AttributesSize];
        attributes.Clear();
        Put(attributes, 0, (uint)cgroup.Fd());
        Put(attributes, 4, (uint)program.Fd());
        Put(attributes, 8, CgroupDeviceAttach);
        Put(attributes, 12, old is null ? AllowMulti : AllowMulti | Replace);
        Put(attributes, 16, (uint)(old?.Fd() ?? 0));
        Syscall.Check(Call(Attach, attributes), "bpf", "attach device program");
    }

    /// <exception cref="ErrnoException">ENOENT: it isn't attached there.</exception>
    public static void DetachDeviceProgram(SafeFileHandle cgroup, SafeFileHandle program)
    {
        Span<byte> attributes = stackalloc byte[AttributesSize];
        attributes.Clear();
        Put(attributes, 0, (uint)cgroup.Fd());
        Put(attributes, 4, (uint)program.Fd());
        Put(attributes, 8, CgroupDeviceAttach);
        Syscall.Check(Call(Detach, attributes), "bpf", "detach device program");
    }

    /// <summary>The programs attached to this very cgroup, in order; each handle is the caller's.</summary>
    /// <exception cref="ErrnoException">EPERM.</exception>
    public static unsafe IReadOnlyList<SafeFileHandle> DevicePrograms(SafeFileHandle cgroup)
    {
        const int max = 64; // BPF_CGROUP_MAX_PROGS
        var ids = stackalloc uint[max];
        Span<byte> attributes = stackalloc byte[AttributesSize];
        attributes.Clear();
        Put(attributes, 0, (uint)cgroup.Fd());
        Put(attributes, 4, CgroupDeviceAttach);
        Put(attributes, 16, (nint)ids);
        Put(attributes, 24, max);
        Syscall.Check(Call(Query, attributes), "bpf", "query device programs");
        var count = BinaryPrimitives.ReadUInt32LittleEndian(attributes[24..]);
        var programs = new List<SafeFileHandle>();
        for (var i = 0; i < count; i++)
        {
            attributes.Clear();
            Put(attributes, 0, ids[i]);
            var fd = Call(FdById, attributes);
            if (fd < 0 && Syscall.LastErrno == Errno.ENOENT)
            {
                continue; // detached meanwhile
            }

            programs.Add(Syscall.CheckFd(fd, "bpf", "open device program"));
        }

        return programs;
    }

    private static unsafe nint Call(int command, Span<byte> attributes)
    {
        fixed (byte* start = attributes)
        {
            return Libc.syscall_bpf(Libc.BpfNumber, command, start, attributes.Length);
        }
    }

    private static void Put(Span<byte> attributes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(attributes[offset..], value);

    private static void Put(Span<byte> attributes, int offset, nint value) => BinaryPrimitives.WriteUInt64LittleEndian(attributes[offset..], (ulong)value);
}
