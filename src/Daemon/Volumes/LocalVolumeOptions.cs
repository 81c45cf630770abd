using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Volumes;

/// <summary>The local driver's options understood: type, device and o as mount(8) takes them, and size.</summary>
internal sealed record LocalVolumeOptions
{
    private static readonly LocalVolumeOptions Plain = new();

    /// <summary>What is mounted over the volume's directory while containers use it; null: the directory itself is the volume.</summary>
    public VolumeFileSystem? FileSystem { get; init; }

    /// <summary>How much may be stored in it; null: as much as there is.</summary>
    public long? SizeBytes { get; init; }

    /// <param name="name">The volume's, for the message.</param>
    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument: an unknown or missing option, or a value that none can take.</exception>
    public static LocalVolumeOptions Parse(string name, IReadOnlyDictionary<string, string>? options)
    {
        if (options is null or { Count: 0 })
        {
            return Plain;
        }

        if (options.Keys.FirstOrDefault(key => key is not ("type" or "device" or "o" or "size")) is { } unknown)
        {
            throw VolumeErrors.InvalidOption(name, $"invalid option: \"{unknown}\": the local driver has type, device, o and size");
        }

        var parsed = new LocalVolumeOptions { FileSystem = FileSystemOf(name, options), SizeBytes = Size(name, options.GetValueOrDefault("size")) };
        return parsed is { FileSystem: not null, SizeBytes: not null }
            ? throw VolumeErrors.InvalidOption(name, "invalid option: \"size\": it limits a volume in the engine's own directory; a file system of another type has options of its own, such as o=size=10m for a tmpfs")
            : parsed;
    }

    private static long? Size(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return ByteSize.TryParse(text, out var bytes) && bytes > 0
            ? bytes
            : throw VolumeErrors.InvalidOption(name, $"invalid size: '{text}': it is a size such as 10m or 1.5g");
    }

    private static VolumeFileSystem? FileSystemOf(string name, IReadOnlyDictionary<string, string> options)
    {
        var (type, device, words) = (options.GetValueOrDefault("type"), options.GetValueOrDefault("device"), options.GetValueOrDefault("o"));
        if (string.IsNullOrEmpty(type) && string.IsNullOrEmpty(device) && string.IsNullOrEmpty(words))
        {
            return null;
        }

        if (string.IsNullOrEmpty(device))
        {
            throw VolumeErrors.InvalidOption(name, "missing required option: \"device\"");
        }

        return string.IsNullOrEmpty(type)
            ? throw VolumeErrors.InvalidOption(name, "missing required option: \"type\"")
            : VolumeFileSystem.Parse(name, type, device, words ?? "");
    }
}
