using System.Text.Json.Serialization;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Something to be seen at <paramref name="Target"/>, an absolute path in the container.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Bind), "bind")]
[JsonDerivedType(typeof(Volume), "volume")]
[JsonDerivedType(typeof(Tmpfs), "tmpfs")]
internal abstract record MountPlan(string Target, bool ReadOnly)
{
    /// <param name="Source">Absolute path on the host.</param>
    /// <param name="CreateSource">Make a missing source directory, as -v does and --mount does not.</param>
    /// <param name="Propagation">"rprivate", "rshared", "rslave", "private", "shared" or "slave".</param>
    /// <param name="Recursive">Mounts below the source come along.</param>
    /// <param name="RecursiveReadOnly">Those are read-only too.</param>
    internal sealed record Bind(
        string Target, bool ReadOnly, string Source, bool CreateSource, string Propagation, bool Recursive, RecursiveReadOnly RecursiveReadOnly)
        : MountPlan(Target, ReadOnly);

    /// <param name="Name">The volume's name; of an anonymous one, 64 hexadecimal digits.</param>
    /// <param name="Copy">Fill an empty volume with what the image has at the target.</param>
    /// <param name="Subpath">A directory within the volume; null for its root.</param>
    internal sealed record Volume(string Target, bool ReadOnly, string Name, bool Anonymous, bool Copy, string? Subpath) : MountPlan(Target, ReadOnly);

    /// <param name="Options">As given to the kernel, such as "size=65536k".</param>
    internal sealed record Tmpfs(string Target, bool ReadOnly, IReadOnlyList<string> Options) : MountPlan(Target, ReadOnly);
}

internal enum RecursiveReadOnly
{
    /// <summary>Where the kernel can (5.12), else only the top mount.</summary>
    IfPossible,

    Never,

    Required,
}
