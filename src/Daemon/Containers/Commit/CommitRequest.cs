using Berth.Shared.Api;
using Berth.Shared.References;

namespace Berth.Daemon.Containers.Commit;

/// <summary>How a container is to become an image.</summary>
internal sealed record CommitRequest
{
    /// <summary>What to call it; null for no name.</summary>
    public ImageReference? Name { get; init; }

    public string Author { get; init; } = "";

    public string Comment { get; init; } = "";

    /// <summary>Freeze a running container meanwhile, so that its files fit together.</summary>
    public bool Pauses { get; init; } = true;

    /// <summary>Dockerfile instructions to apply.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>A configuration in place of the container's, which fills what it leaves open; null: the container's.</summary>
    public ContainerConfig? Config { get; init; }
}
