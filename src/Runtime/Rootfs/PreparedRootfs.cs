using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>A mount that waits for the child to attach it.</summary>
/// <param name="Place">Where, canonical, without the leading slash.</param>
/// <param name="What">For messages, such as "proc on /proc".</param>
/// <param name="Tree">The unattached mount; null when the child has to make it, as <paramref name="Type"/>.</param>
internal sealed record PreparedMount(
    string Place, string What, SafeFileHandle? Tree, string? Type = null, IReadOnlyList<(string Key, string? Value)>? Data = null, MountAttributes Attributes = MountAttributes.None);

/// <summary>A root filesystem and its mounts, complete but for being attached; gone when disposed, unless a child has attached them.</summary>
internal sealed class PreparedRootfs(SafeFileHandle root) : IDisposable
{
    public SafeFileHandle Root { get; } = root;

    /// <summary>In the order of attaching.</summary>
    public List<PreparedMount> Mounts { get; } = [];

    /// <summary>The container's own devpts, which its terminal comes from; owned by <see cref="Mounts"/>.</summary>
    public SafeFileHandle? Terminals { get; set; }

    /// <summary>/dev is the container's own, so /dev/console may be made to be its terminal.</summary>
    public bool HasConsole { get; set; }

    /// <summary>An empty read-only directory to lay over masked ones; null when nothing is masked.</summary>
    public SafeFileHandle? Mask { get; set; }

    public void Dispose()
    {
        Root.Dispose();
        Mask?.Dispose();
        foreach (var mount in Mounts)
        {
            mount.Tree?.Dispose();
        }
    }
}
