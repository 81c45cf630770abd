using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Cdi;

/// <summary>What a device changes in a container's configuration: "containerEdits" of the CDI specification.</summary>
internal sealed record CdiEdits
{
    public static CdiEdits None { get; } = new();

    public IReadOnlyList<string> Env { get; init; } = [];

    public IReadOnlyList<CdiNode> Nodes { get; init; } = [];

    public IReadOnlyList<OciMount> Mounts { get; init; } = [];

    /// <summary>Name of the point in the container's life, and the program.</summary>
    public IReadOnlyList<(string Name, OciHook Hook)> Hooks { get; init; } = [];

    public IReadOnlyList<uint> AdditionalGids { get; init; } = [];

    /// <summary>A part that this engine can't do, such as "netDevices"; null when there is none.</summary>
    public string? Unsupported { get; init; }

    public CdiEdits And(CdiEdits more) => new()
    {
        Env = [.. Env, .. more.Env],
        Nodes = [.. Nodes, .. more.Nodes],
        Mounts = [.. Mounts, .. more.Mounts],
        Hooks = [.. Hooks, .. more.Hooks],
        AdditionalGids = [.. AdditionalGids, .. more.AdditionalGids],
        Unsupported = Unsupported ?? more.Unsupported,
    };
}

/// <summary>A device node; what is null is as on the host.</summary>
/// <param name="Permissions">Of "rwm".</param>
internal sealed record CdiNode(string Path, string HostPath, string? Type, long? Major, long? Minor, uint? FileMode, string Permissions, uint? Uid, uint? Gid);
