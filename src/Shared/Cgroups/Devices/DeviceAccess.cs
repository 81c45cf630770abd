namespace Berth.Shared.Cgroups.Devices;

/// <summary>Numbers of BPF_DEVCG_ACC_* in linux/bpf.h.</summary>
[Flags]
internal enum DeviceAccess
{
    None = 0,
    Mknod = 1,
    Read = 2,
    Write = 4,
    All = 7,
}
