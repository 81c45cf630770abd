using System.Text.Json.Serialization;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Something to be seen at <paramref name="Target"/>, an absolute path in the container.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Bind), "bind")]
[JsonDerivedType(typeof(Volume), "volume")]
[JsonDerivedType(typeof(Tmpfs), "tmpfs")]
[JsonDerivedType(typeof(Image), "image")]
internal abstract record MountPlan(string Target, bool ReadOnly)
{
    /// <summary>The third part of "source:target:mode" as the user wrote it, which inspect repeats; empty where there was none.</summary>
    public string Mode { get; init => field = value ?? ""; } = ""; // records of earlier versions have none: null comes then

    /// <param name="Source">Absolute path on the host.</param>
    /// <param name="CreateSource">Make a missing source directory, as -v does and --mount does not.</param>
    /// <param name="Propagation">"rprivate", "rshared", "rslave", "private", "shared" or "slave".</param>
    /// <param name="Recursive">Mounts below the source come along.</param>
    /// <param name="RecursiveReadOnly">Those are read-only too.</param>
    internal sealed record Bind(
        string Target, bool ReadOnly, string Source, bool CreateSource, string Propagation, bool Recursive, RecursiveReadOnly RecursiveReadOnly)
        : MountPlan(Target, ReadOnly)
    {
        /// <summary>Nobody asked for a propagation: it is the engine's to choose.</summary>
        public bool DefaultPropagation { get; init; }
    }

    /// <param name="Name">The volume's name; of an anonymous one, 64 hexadecimal digits.</param>
    /// <param name="Copy">Fill an empty volume with what the image has at the target.</param>
    /// <param name="Subpath">A directory or file within the volume; null for its root.</param>
    internal sealed record Volume(string Target, bool ReadOnly, string Name, bool Anonymous, bool Copy, string? Subpath) : MountPlan(Target, ReadOnly)
    {
        /// <summary>Only a path was named, by the image or the user: gives way to what another container has there.</summary>
        public bool Implied { get; init; }

        /// <summary>Of the volume, when the container is the one that makes it.</summary>
        public IReadOnlyDictionary<string, string>? DriverOptions { get; init; }

        /// <inheritdoc cref="DriverOptions"/>
        public IReadOnlyDictionary<string, string>? Labels { get; init; }
    }

    /// <param name="Options">As given to the kernel, such as "size=65536k".</param>
    internal sealed record Tmpfs(string Target, bool ReadOnly, IReadOnlyList<string> Options) : MountPlan(Target, ReadOnly);

    /// <summary>An image's files, always read-only.</summary>
    /// <param name="Source">The image as the user named it.</param>
    /// <param name="ImageId">Which one that was when the container was made; empty until then.</param>
    /// <param name="Subpath">A directory or file within the image; null for its root.</param>
    internal sealed record Image(string Target, string Source, string ImageId, string? Subpath) : MountPlan(Target, ReadOnly: true);
}

internal enum RecursiveReadOnly
{
    /// <summary>Where the kernel can (5.12), else only the top mount.</summary>
    IfPossible,

    Never,

    Required,
}
