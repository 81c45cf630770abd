using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Queries;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Volumes;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.SystemInfo;

/// <summary>What takes space in the data root.</summary>
internal sealed class DiskUsageService(ImageService images, ContainerListing listing, ContainerIndex containers, VolumeService volumes)
{
    private static readonly string[] Types = ["container", "image", "volume", "build-cache"];

    /// <param name="types">Which objects to count; none means all.</param>
    /// <exception cref="EngineException">InvalidArgument: not one of the types.</exception>
    public DiskUsageResponse Measure(IReadOnlyCollection<string> types, ApiVersion version)
    {
        if (types.FirstOrDefault(type => !Types.Contains(type)) is { } unknown)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"unknown object type: {unknown}");
        }

        bool Wanted(string type) => types.Count == 0 || types.Contains(type);
        var usage = new DiskUsageResponse();
        if (Wanted("image"))
        {
            var all = images.List();
            var uses = images.LayerUses();
            usage.LayersSize = all.SelectMany(named => named.Image.Layers).DistinctBy(layer => layer.ChainId).Sum(layer => layer.SizeBytes);
            usage.Images = [.. all.Select(named => Describe(named, uses, version))];
        }

        if (Wanted("container"))
        {
            usage.Containers = listing.List(all: true, limit: 0, withSize: true, Filters.None);
        }

        if (Wanted("volume"))
        {
            var volumeUses = volumes.Uses();
            usage.Volumes = [.. volumes.List().Select(volume => Describe(volume, volumeUses))];
        }

        if (Wanted("build-cache"))
        {
            usage.BuildCache = []; // this engine builds nothing yet
        }

        return usage;
    }

    private ImageSummary Describe(NamedImage named, IReadOnlyDictionary<string, int> uses, ApiVersion version)
    {
        var summary = ImageMapping.Summary(named, uses, version);
        summary.Containers = containers.All.Count(container => container.Record.ImageId == named.Image.Id);
        return summary;
    }

    private Volume Describe(VolumeRecord volume, ILookup<string, string> uses)
    {
        var described = VolumeEndpoints.Wire(volume, volumes);
        described.UsageData = new VolumeUsage
        {
            Size = volumes.SizeOf(volume) ?? -1, // as Docker says that it does not know
            RefCount = uses[volume.Name].Count(),
        };
        return described;
    }
}
