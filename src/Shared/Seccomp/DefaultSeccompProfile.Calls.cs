namespace Berth.Shared.Seccomp;

// Which calls the default profile lets through; by subject, so that one can see what is missing on purpose: kernel keyrings, io_uring,
// userfaultfd, kexec, swap, modules, time setting, NUMA policies, old and obsolete calls, everything that makes namespaces or mounts.
public static partial class DefaultSeccompProfile
{
    private static string[] AlwaysAllowed =>
    [
        // Files: open, read, write, seek
        .. Words("open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2"),
        .. Words("lseek _llseek readahead fadvise64 fadvise64_64 fallocate truncate truncate64 ftruncate ftruncate64 copy_file_range"),
        .. Words("sendfile sendfile64 splice tee vmsplice sync syncfs fsync fdatasync sync_file_range flock fcntl fcntl64 ioctl cachestat"),
        .. Words("dup dup2 dup3 pipe pipe2 memfd_create memfd_secret name_to_handle_at"),

        // Files: names and attributes
        .. Words("access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64"),
        .. Words("link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir mknod mknodat"),
        .. Words("chdir fchdir getcwd getdents getdents64 umask chmod fchmod fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat"),
        .. Words("utime utimes futimesat utimensat utimensat_time64 statmount listmount"),
        .. Words("getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat"),
        .. Words("removexattr lremovexattr fremovexattr removexattrat inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"),

        // Waiting
        .. Words("poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old"),
        .. Words("epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 pause"),
        .. Words("io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"),

        // Processes and threads
        .. Words("fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid getsid setsid"),
        .. Words("set_tid_address set_robust_list get_robust_list futex futex_time64 futex_wait futex_wake futex_waitv futex_requeue rseq membarrier"),
        .. Words("get_thread_area set_thread_area restart_syscall prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
        .. Words("pidfd_open pidfd_send_signal process_mrelease uname sysinfo getcpu getrandom riscv_hwprobe uretprobe"),

        // Signals
        .. Words("kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigreturn rt_sigqueueinfo rt_tgsigqueueinfo"),
        .. Words("rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn"),

        // Users and privileges: the capabilities decide, not the filter
        .. Words("getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32"),
        .. Words("setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32"),
        .. Words("setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset"),

        // Memory
        .. Words("brk mmap mmap2 munmap mremap mprotect msync madvise mincore mlock mlock2 mlockall munlock munlockall mseal remap_file_pages"),
        .. Words("pkey_alloc pkey_free pkey_mprotect map_shadow_stack"),

        // Sockets; socket itself is below, by address family
        .. Words("socketcall socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt"),
        .. Words("send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64"),

        // System V and POSIX communication
        .. Words("ipc msgget msgsnd msgrcv msgctl semget semop semctl semtimedop semtimedop_time64 shmget shmat shmdt shmctl"),
        .. Words("mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64"),

        // Clocks and timers; reading any, setting none (adjtimex can also read)
        .. Words("time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64"),
        .. Words("nanosleep alarm adjtimex clock_adjtime clock_adjtime64 getitimer setitimer timer_create timer_delete timer_getoverrun"),
        .. Words("timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64"),
        .. Words("timerfd_settime timerfd_settime64"),

        // Limits and scheduling
        .. Words("getrlimit ugetrlimit setrlimit prlimit64 getrusage getpriority setpriority ioprio_get ioprio_set sched_yield"),
        .. Words("sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler"),
        .. Words("sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64"),
    ];

    /// <summary>Debugging one's own processes; before Linux 4.8 ptrace could get round the filter.</summary>
    private static string[] Tracing => Words("ptrace process_vm_readv process_vm_writev");

    private static string[] OfArm => Words("arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls");

    private static string[] OfX86 => Words("arch_prctl modify_ldt");

    /// <summary>What a capability opens: the kernel checks it anyway, the filter only keeps the code out of reach of those without.</summary>
    private static (string Capability, string[] Names)[] ByCapability =>
    [
        ("CAP_DAC_READ_SEARCH", Words("open_by_handle_at")),
        ("CAP_SYS_ADMIN", Words("bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules "
            + "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog "
            + "umount umount2 unshare")),
        ("CAP_SYS_BOOT", Words("reboot")),
        ("CAP_SYS_CHROOT", Words("chroot")),
        ("CAP_SYS_MODULE", Words("delete_module init_module finit_module")),
        ("CAP_SYS_PACCT", Words("acct")),
        ("CAP_SYS_PTRACE", Words("kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace")),
        ("CAP_SYS_RAWIO", Words("iopl ioperm")),
        ("CAP_SYS_TIME", Words("settimeofday stime clock_settime clock_settime64")),
        ("CAP_SYS_TTY_CONFIG", Words("vhangup")),
        ("CAP_SYS_NICE", Words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node")),
        ("CAP_SYSLOG", Words("syslog")),
        ("CAP_BPF", Words("bpf")),
        ("CAP_PERFMON", Words("perf_event_open")),
    ];

    /// <summary>
    /// Address families of socket(2) that are closed, linux/socket.h: 38 AF_ALG (the kernel's ciphers, a rich source of holes that containers have no need of),
    /// 40 AF_VSOCK (before Linux 7.0 one world for all network namespaces: a container could talk to virtual machines of the host).
    /// </summary>
    private static readonly uint[] s_closedFamilies = [38, 40];

    /// <summary>personality(2): PER_LINUX, PER_LINUX32, both also with UNAME26, and the query.</summary>
    private static readonly ulong[] s_personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

    private static string[] Words(string names) => names.Split(' ');
}
