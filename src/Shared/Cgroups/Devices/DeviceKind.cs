namespace Berth.Shared.Cgroups.Devices;

/// <summary>Numbers of BPF_DEVCG_DEV_* in linux/bpf.h; Any is ours.</summary>
internal enum DeviceKind
{
    Any = 0,
    Block = 1,
    Character = 2,
}
