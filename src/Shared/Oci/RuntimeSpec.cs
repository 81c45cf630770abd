using System.Text.Json;
using System.Text.Json.Serialization;

namespace Berth.Shared.Oci;

// OCI runtime-spec 1.2/1.3, config.json, Linux part. Names and shapes as in the specification's config.md and config-linux.md;
// absent members are null. Kept together as one closed family.
// A default is in the accessor too: the generated reader sets every init-only property, to null where the document has none.

public sealed record OciSpec
{
    public string OciVersion { get; init => field = value ?? "1.2.1"; } = "1.2.1";
    public OciProcess? Process { get; init; }
    public OciRoot? Root { get; init; }
    public string? Hostname { get; init; }
    public string? Domainname { get; init; }
    public OciMount[]? Mounts { get; init; }
    public OciHooks? Hooks { get; init; }
    public Dictionary<string, string>? Annotations { get; init; }
    public OciLinux? Linux { get; init; }
}

public sealed record OciProcess
{
    public bool Terminal { get; init; }
    public OciBox? ConsoleSize { get; init; }
    public OciUser User { get; init => field = value ?? new(); } = new();
    public string[]? Args { get; init; }
    public string[]? Env { get; init; }
    public string Cwd { get; init => field = value ?? "/"; } = "/";
    public OciCapabilities? Capabilities { get; init; }
    public OciRlimit[]? Rlimits { get; init; }
    public bool NoNewPrivileges { get; init; }
    public string? ApparmorProfile { get; init; }
    public string? SelinuxLabel { get; init; }
    public int? OomScoreAdj { get; init; }
    public OciScheduler? Scheduler { get; init; }
    public OciIoPriority? IoPriority { get; init; }

    // Read so that it can be refused by name.
    [JsonPropertyName("execCPUAffinity")] public JsonElement? ExecCpuAffinity { get; init; }
}

public sealed record OciBox(uint Height, uint Width);

public sealed record OciUser
{
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public uint? Umask { get; init; }
    public uint[]? AdditionalGids { get; init; }
}

/// <summary>Names such as "CAP_CHOWN".</summary>
public sealed record OciCapabilities
{
    public string[]? Bounding { get; init; }
    public string[]? Effective { get; init; }
    public string[]? Inheritable { get; init; }
    public string[]? Permitted { get; init; }
    public string[]? Ambient { get; init; }
}

/// <param name="Type">Such as "RLIMIT_NOFILE".</param>
public sealed record OciRlimit(string Type, ulong Soft, ulong Hard);

public sealed record OciScheduler
{
    public string Policy { get; init => field = value ?? "SCHED_OTHER"; } = "SCHED_OTHER";
    public int? Nice { get; init; }
    public int? Priority { get; init; }
    public string[]? Flags { get; init; }
    public ulong? Runtime { get; init; }
    public ulong? Deadline { get; init; }
    public ulong? Period { get; init; }
}

public sealed record OciIoPriority(string Class, int Priority);

public sealed record OciRoot
{
    public string Path { get; init => field = value ?? "rootfs"; } = "rootfs";
    public bool Readonly { get; init; }
}

public sealed record OciMount
{
    public required string Destination { get; init; }
    public string? Type { get; init; }
    public string? Source { get; init; }
    public string[]? Options { get; init; }
    public OciIdMapping[]? UidMappings { get; init; }
    public OciIdMapping[]? GidMappings { get; init; }
}

public sealed record OciHooks
{
    public OciHook[]? Prestart { get; init; }
    public OciHook[]? CreateRuntime { get; init; }
    public OciHook[]? CreateContainer { get; init; }
    public OciHook[]? StartContainer { get; init; }
    public OciHook[]? Poststart { get; init; }
    public OciHook[]? Poststop { get; init; }
}

public sealed record OciHook
{
    public required string Path { get; init; }
    public string[]? Args { get; init; }
    public string[]? Env { get; init; }
    /// <summary>Seconds.</summary>
    public int? Timeout { get; init; }
}

public sealed record OciLinux
{
    public OciNamespace[]? Namespaces { get; init; }
    public OciIdMapping[]? UidMappings { get; init; }
    public OciIdMapping[]? GidMappings { get; init; }
    public OciDevice[]? Devices { get; init; }
    public string? CgroupsPath { get; init; }
    public OciResources? Resources { get; init; }
    public string? RootfsPropagation { get; init; }
    public OciSeccomp? Seccomp { get; init; }
    public Dictionary<string, string>? Sysctl { get; init; }
    public string[]? MaskedPaths { get; init; }
    public string[]? ReadonlyPaths { get; init; }
    public string? MountLabel { get; init; }
    public OciPersonality? Personality { get; init; }
    public Dictionary<string, OciTimeOffset>? TimeOffsets { get; init; }

    // Read so that they can be refused by name.
    public JsonElement? IntelRdt { get; init; }
    public JsonElement? NetDevices { get; init; }
    public JsonElement? MemoryPolicy { get; init; }
}

public sealed record OciPersonality(string Domain, string[]? Flags);

public sealed record OciTimeOffset(long Secs, uint Nanosecs);

/// <param name="Type">pid, network, mount, ipc, uts, user, cgroup or time.</param>
/// <param name="Path">Join this namespace in place of making a new one.</param>
public sealed record OciNamespace(string Type, string? Path = null);

public sealed record OciIdMapping
{
    [JsonPropertyName("containerID")] public uint ContainerId { get; init; }
    [JsonPropertyName("hostID")] public uint HostId { get; init; }
    public uint Size { get; init; }
}

/// <summary>A device node to make; type c, u, b or p.</summary>
public sealed record OciDevice
{
    public required string Type { get; init; }
    public required string Path { get; init; }
    public long Major { get; init; }
    public long Minor { get; init; }
    public uint? FileMode { get; init; }
    public uint? Uid { get; init; }
    public uint? Gid { get; init; }
}

public sealed record OciResources
{
    public OciDeviceRule[]? Devices { get; init; }
    public OciMemory? Memory { get; init; }
    public OciCpu? Cpu { get; init; }
    public OciPids? Pids { get; init; }
    [JsonPropertyName("blockIO")] public OciBlockIo? BlockIo { get; init; }
    public OciHugepageLimit[]? HugepageLimits { get; init; }
    public OciNetworkResources? Network { get; init; }
    public Dictionary<string, OciRdma>? Rdma { get; init; }
    public Dictionary<string, string>? Unified { get; init; }
}

/// <summary>One rule of the device cgroup; type a, c or b; absent numbers mean every one; access is of "rwm".</summary>
public sealed record OciDeviceRule
{
    public bool Allow { get; init; }
    public string? Type { get; init; }
    public long? Major { get; init; }
    public long? Minor { get; init; }
    public string? Access { get; init; }
}

/// <summary>Bytes; -1 for no limit. Swap is memory and swap together, as in v1.</summary>
public sealed record OciMemory
{
    public long? Limit { get; init; }
    public long? Reservation { get; init; }
    public long? Swap { get; init; }
    public long? Kernel { get; init; }
    [JsonPropertyName("kernelTCP")] public long? KernelTcp { get; init; }
    public ulong? Swappiness { get; init; }
    [JsonPropertyName("disableOOMKiller")] public bool? DisableOomKiller { get; init; }
    public bool? UseHierarchy { get; init; }
    public bool? CheckBeforeUpdate { get; init; }
}

/// <summary>Microseconds for quota, burst, period and the realtime pair.</summary>
public sealed record OciCpu
{
    public ulong? Shares { get; init; }
    public long? Quota { get; init; }
    public ulong? Burst { get; init; }
    public ulong? Period { get; init; }
    public long? RealtimeRuntime { get; init; }
    public ulong? RealtimePeriod { get; init; }
    public string? Cpus { get; init; }
    public string? Mems { get; init; }
    public long? Idle { get; init; }
}

public sealed record OciPids(long Limit);

public sealed record OciBlockIo
{
    public ushort? Weight { get; init; }
    public ushort? LeafWeight { get; init; }
    public OciWeightDevice[]? WeightDevice { get; init; }
    public OciThrottleDevice[]? ThrottleReadBpsDevice { get; init; }
    public OciThrottleDevice[]? ThrottleWriteBpsDevice { get; init; }
    [JsonPropertyName("throttleReadIOPSDevice")] public OciThrottleDevice[]? ThrottleReadIopsDevice { get; init; }
    [JsonPropertyName("throttleWriteIOPSDevice")] public OciThrottleDevice[]? ThrottleWriteIopsDevice { get; init; }
}

public sealed record OciWeightDevice(long Major, long Minor, ushort? Weight, ushort? LeafWeight);

public sealed record OciThrottleDevice(long Major, long Minor, ulong Rate);

public sealed record OciHugepageLimit(string PageSize, ulong Limit);

public sealed record OciNetworkResources
{
    [JsonPropertyName("classID")] public uint? ClassId { get; init; }
    public OciInterfacePriority[]? Priorities { get; init; }
}

public sealed record OciInterfacePriority(string Name, uint Priority);

public sealed record OciRdma(uint? HcaHandles, uint? HcaObjects);

public sealed record OciSeccomp
{
    public required string DefaultAction { get; init; }
    public uint? DefaultErrnoRet { get; init; }
    public string[]? Architectures { get; init; }
    public string[]? Flags { get; init; }
    public string? ListenerPath { get; init; }
    public string? ListenerMetadata { get; init; }
    public OciSyscallRule[]? Syscalls { get; init; }
}

public sealed record OciSyscallRule
{
    public required string[] Names { get; init; }
    public required string Action { get; init; }
    public uint? ErrnoRet { get; init; }
    public OciSyscallArgument[]? Args { get; init; }
}

/// <param name="Op">SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ (value is the mask, valueTwo what must remain).</param>
public sealed record OciSyscallArgument(uint Index, ulong Value, ulong? ValueTwo, string Op);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciSpec))]
[JsonSerializable(typeof(OciProcess))]
[JsonSerializable(typeof(OciResources))]
public sealed partial class RuntimeSpecJson : JsonSerializerContext;
