using System.Globalization;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Images;

/// <summary>Records to the API's shapes.</summary>
internal static class ImageMapping
{
    private static readonly ApiVersion FirstWithEmptyNames = new(1, 43);
    private static readonly ApiVersion FirstWithoutVirtualSize = new(1, 44);

    /// <param name="layerUses">Of all layers; null when shared sizes are not asked for.</param>
    public static ImageSummary Summary(NamedImage named, IReadOnlyDictionary<string, int>? layerUses, ApiVersion version)
    {
        var image = named.Image;
        var summary = new ImageSummary
        {
            Id = image.Id,
            ParentId = image.ParentId ?? "",
            RepoTags = [.. named.Tags.Select(name => name.ToFamiliarString())],
            RepoDigests = [.. named.Digests.Select(name => name.ToFamiliarString())],
            Created = (image.Config.CreatedAt ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
            Size = image.SizeBytes,
            SharedSize = layerUses is null ? -1 : image.Layers.Where(layer => layerUses.GetValueOrDefault(layer.ChainId) > 1).Sum(layer => layer.SizeBytes),
            Labels = image.Config.Config?.Labels,
            Containers = -1,
            VirtualSize = version < FirstWithoutVirtualSize ? image.SizeBytes : null,
        };
        if (named.Names.Count == 0 && version < FirstWithEmptyNames)
        {
            summary.RepoTags.Add("<none>:<none>");
            summary.RepoDigests.Add("<none>@<none>");
        }

        return summary;
    }

    public static ImageInspect Inspect(NamedImage named, SnapshotService snapshots, ApiVersion version)
    {
        var (image, config) = (named.Image, named.Image.Config);
        var directories = snapshots.LowerDirectories(image);
        return new ImageInspect
        {
            Id = image.Id,
            RepoTags = [.. named.Tags.Select(name => name.ToFamiliarString())],
            RepoDigests = [.. named.Digests.Select(name => name.ToFamiliarString())],
            Parent = image.ParentId ?? "",
            Comment = config.Comment ?? config.History?.LastOrDefault()?.Comment ?? "",
            Created = config.Created ?? "0001-01-01T00:00:00Z",
            DockerVersion = config.DockerVersion ?? "",
            Author = config.Author ?? "",
            Config = Config(config.Config ?? new OciImageConfig()),
            Architecture = config.Architecture ?? "",
            Variant = string.IsNullOrEmpty(config.Variant) ? null : config.Variant,
            Os = config.Os ?? "",
            OsVersion = string.IsNullOrEmpty(config.OsVersion) ? null : config.OsVersion,
            Size = image.SizeBytes,
            VirtualSize = version < FirstWithoutVirtualSize ? image.SizeBytes : null,
            GraphDriver = new StorageDriverData { Name = "overlay2", Data = GraphData(directories) },
            RootFS = new ImageRootFs { Type = "layers", Layers = image.Layers.Count == 0 ? null : [.. image.Layers.Select(layer => layer.DiffId)] },
            Metadata = new ImageMetadata { LastTagTime = image.LastTaggedAt is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) : "0001-01-01T00:00:00Z" },
        };
    }

    /// <summary>One item per step of the image's making, newest first; only the newest is an image of its own.</summary>
    public static List<HistoryItem> History(NamedImage named)
    {
        var (image, layer, items) = (named.Image, 0, new List<HistoryItem>());
        foreach (var step in image.Config.History ?? [])
        {
            // A config whose history has more steps with layers than layers is odd, but still worth showing.
            var hasLayer = step.EmptyLayer != true && layer < image.Layers.Count;
            items.Add(new HistoryItem
            {
                Id = "<missing>",
                Created = (step.CreatedAt ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
                CreatedBy = step.CreatedBy ?? "",
                Comment = step.Comment ?? "",
                Size = hasLayer ? image.Layers[layer].SizeBytes : 0,
            });
            layer += hasLayer ? 1 : 0;
        }

        items.Reverse();
        if (items.Count > 0)
        {
            items[0].Id = image.Id;
            items[0].Tags = named.Tags.Any() ? [.. named.Tags.Select(name => name.ToFamiliarString())] : null;
        }

        return items;
    }

    public static ImageDeleteItem Removed(ImageRemoved removed) => new() { Untagged = removed.Untagged, Deleted = removed.Deleted };

    private static ImageConfig Config(OciImageConfig config) => new()
    {
        User = config.User ?? "",
        ExposedPorts = config.ExposedPorts?.ToDictionary(pair => pair.Key, _ => new EmptyObject()),
        Env = List(config.Env),
        Entrypoint = List(config.Entrypoint),
        Cmd = List(config.Cmd),
        Volumes = config.Volumes?.ToDictionary(pair => pair.Key, _ => new EmptyObject()),
        WorkingDir = config.WorkingDir ?? "",
        Labels = config.Labels,
        OnBuild = List(config.OnBuild),
        StopSignal = config.StopSignal,
        Shell = List(config.Shell),
        ArgsEscaped = config.ArgsEscaped == true ? true : null,
        Healthcheck = config.Healthcheck is { } check
            ? new HealthConfig
            {
                Test = List(check.Test),
                Interval = check.Interval,
                Timeout = check.Timeout,
                StartPeriod = check.StartPeriod,
                StartInterval = check.StartInterval,
                Retries = check.Retries,
            }
            : null,
    };

    private static List<string>? List(string[]? values) => values is null ? null : [.. values];

    private static Dictionary<string, string> GraphData(string[] directories)
    {
        var data = new Dictionary<string, string> { ["UpperDir"] = directories[0] };
        if (directories.Length > 1)
        {
            data["LowerDir"] = string.Join(':', directories.Skip(1));
        }

        return data;
    }
}
