using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

internal enum MountKind
{
    /// <summary>A part of the host's tree.</summary>
    Bind,

    /// <summary>A file system that shows the namespaces of whoever opens it (proc, sysfs, mqueue): only the child can make it.</summary>
    NamespaceView,

    /// <summary>The cgroup hierarchies, whichever version the host has.</summary>
    Cgroup,

    /// <summary>Any other: made before the clone.</summary>
    FileSystem,
}

/// <summary>One entry of "mounts", its options told apart.</summary>
internal sealed record MountPlan
{
    public required MountKind Kind { get; init; }

    /// <summary>Absolute, as in the configuration; links in it are resolved inside the root.</summary>
    public required string Destination { get; init; }

    /// <summary>The file system type; for a bind, "bind".</summary>
    public required string Type { get; init; }

    public string? Source { get; init; }

    public bool Recursive { get; init; }

    public MountAttributes Set { get; init; }

    public MountAttributes Clear { get; init; }

    /// <summary>Attributes for the mounts below it as well (rro, rnosuid, ...).</summary>
    public MountAttributes SetBelow { get; init; }

    public MountAttributes ClearBelow { get; init; }

    public MountPropagation Propagation { get; init; }

    public bool PropagationBelow { get; init; }

    /// <summary>The superblock's options: a name alone, or with a value.</summary>
    public IReadOnlyList<(string Key, string? Value)> Data { get; init; } = [];

    /// <summary>Of an overlay with nothing but lower directories: those, top first. Null for any other mount.</summary>
    public string[]? Layers => Type == "overlay" && Data is [("lowerdir", { } list)] ? SplitLayers(list) : null;

    /// <summary>tmpcopyup: the tmpfs starts with what the root has at this place.</summary>
    public bool CopyUp { get; init; }

    public OciIdMapping[]? UidMappings { get; init; }

    public OciIdMapping[]? GidMappings { get; init; }

    public bool IdMapBelow { get; init; }

    public bool ReadOnly => Set.HasFlag(MountAttributes.ReadOnly);

    // Colons part them; a backslash makes the next character an ordinary one.
    private static string[] SplitLayers(string list)
    {
        var layers = new List<string>();
        var layer = new System.Text.StringBuilder();
        for (var at = 0; at < list.Length; at++)
        {
            if (list[at] == ':')
            {
                layers.Add(layer.ToString());
                layer.Clear();
            }
            else
            {
                at += list[at] == '\\' && at + 1 < list.Length ? 1 : 0;
                layer.Append(list[at]);
            }
        }

        layers.Add(layer.ToString());
        return [.. layers];
    }
}
