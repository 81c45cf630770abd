namespace Berth.Daemon.Volumes;

/// <summary>Everything known about one volume; a value that is replaced, never changed.</summary>
internal sealed record VolumeRecord
{
    /// <summary>Whoever bears it was made without a name; prune and clients go by it.</summary>
    public const string AnonymousLabel = "com.docker.volume.anonymous";

    /// <summary>The only driver there is.</summary>
    public const string Driver = "local";

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null and empty differ for clients: as they came.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The driver's options as they came; <see cref="LocalVolumeOptions"/> understands them.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>A step with effects on the disk that was begun and not completed; see <see cref="VolumeIntent"/>.</summary>
    public string? Intent { get; init; }

    public bool IsAnonymous => Labels?.ContainsKey(AnonymousLabel) ?? false;
}

/// <summary>What a start of the daemon finishes or undoes.</summary>
internal static class VolumeIntent
{
    /// <summary>It gets its first content from an image: half of it is none.</summary>
    public const string Fill = "fill";

    public const string Remove = "remove";
}
