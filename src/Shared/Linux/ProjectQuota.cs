using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Quotas of project ids on ext4 and xfs: files that carry an id count together, and new files in a directory inherit its id. quotactl_fd(2)
/// (Linux 5.14), ioctl_fsgetxattr of xfs and ext4.
/// </summary>
public static unsafe class ProjectQuota
{
    private const uint ProjectType = 2; // PRJQUOTA of sys/quota.h
    private const uint GetQuota = 0x800007, SetQuota = 0x800008, GetState = ('X' << 8) + 5;
    private const uint GetAttributes = 0x801C581F, SetAttributes = 0x401C5820; // FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR
    private const uint InheritProject = 0x200; // FS_XFLAG_PROJINHERIT

    /// <summary>Whether the file system holds anybody to a limit: it may know project ids, and even count by them, without doing so.</summary>
    public static bool IsEnforced(SafeFileHandle any)
    {
        const int enforced = 1 << 5; // FS_QUOTA_PDQ_ENFD
        var state = stackalloc byte[256]; // struct fs_quota_stat, 80 bytes: version s8, flags u16 at 2
        return Invoke(any, GetState, 0, state) >= 0 && (*(ushort*)(state + 2) & enforced) != 0;
    }

    /// <summary>Limits what files with the id may take together.</summary>
    /// <param name="bytes">Rounded up to KiB; 0: no limit.</param>
    /// <exception cref="ErrnoException">ENOSYS, ESRCH: no such quotas here. EPERM.</exception>
    public static void SetLimit(SafeFileHandle any, uint project, long bytes)
    {
        const uint blockLimits = 1;
        var blocks = ((ulong)bytes + 1023) / 1024;
        var quota = new DiskQuota { BlockHardLimit = blocks, BlockSoftLimit = blocks, Valid = blockLimits };
        Syscall.Check(Invoke(any, SetQuota, project, &quota), "quotactl_fd", $"project {project}");
    }

    /// <summary>What files with the id take, and may take (0: no limit), in bytes.</summary>
    /// <exception cref="ErrnoException">ENOSYS, ESRCH: no such quotas here.</exception>
    public static (long Used, long Limit) Get(SafeFileHandle any, uint project)
    {
        DiskQuota quota = default;
        Syscall.Check(Invoke(any, GetQuota, project, &quota), "quotactl_fd", $"project {project}");
        return ((long)quota.CurrentSpace, (long)quota.BlockHardLimit * 1024);
    }

    /// <summary>Gives an empty directory a project id, and with it all that is going to be made below.</summary>
    /// <param name="directory">Open for reading.</param>
    /// <exception cref="ErrnoException">ENOTTY, EOPNOTSUPP: the file system has no project ids.</exception>
    public static void Assign(SafeFileHandle directory, uint project)
    {
        FileAttributes attributes = default;
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ioctl, directory.Fd(), unchecked((nint)GetAttributes), (nint)(&attributes)), "ioctl", "FS_IOC_FSGETXATTR");
        attributes.Project = project;
        attributes.Flags |= InheritProject;
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Ioctl, directory.Fd(), unchecked((nint)SetAttributes), (nint)(&attributes)), "ioctl", "FS_IOC_FSSETXATTR");
    }

    private static nint Invoke(SafeFileHandle any, uint command, uint project, void* data)
        => KernelCall.Invoke(SyscallNumber.QuotactlFd, any.Fd(), (nint)((command << 8) | ProjectType), (nint)project, (nint)data);

    /// <summary>struct if_dqblk of linux/quota.h; blocks are of 1 KiB.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct DiskQuota
    {
        public ulong BlockHardLimit;
        public ulong BlockSoftLimit;
        public ulong CurrentSpace;
        public ulong InodeHardLimit;
        public ulong InodeSoftLimit;
        public ulong CurrentInodes;
        public ulong BlockTime;
        public ulong InodeTime;
        public uint Valid;
    }

    /// <summary>struct fsxattr of linux/fs.h, 28 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileAttributes
    {
        public uint Flags;
        public uint ExtentSize;
        public uint Extents;
        public uint Project;
        public uint CopyOnWriteExtentSize;
        public uint Padding1;
        public uint Padding2;
    }
}
