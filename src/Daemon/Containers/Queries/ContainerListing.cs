using System.Globalization;
using System.Text.RegularExpressions;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Queries;

/// <summary>Lists of containers: what passes the filters, newest first.</summary>
internal sealed class ContainerListing(
    ContainerIndex containers, ContainerPaths paths, ImageService images, ContainerNetworks networks, ContainerInspection inspection, TimeProvider clock)
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(100);

    public static readonly string[] KnownFilters =
    [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "label!", "name", "network", "publish", "since", "status", "volume",
    ];

    /// <param name="all">Those at rest too.</param>
    /// <param name="limit">At most this many, those at rest included; 0: all.</param>
    public List<ContainerSummary> List(bool all, int limit, bool withSize, Filters filters)
    {
        Check(filters);
        var (before, since) = (Reference(filters, "before"), Reference(filters, "since"));
        var (ancestors, names) = (Ancestors(filters), Patterns(filters, "name"));
        var showAll = all || limit > 0 || filters.Has("status");
        IEnumerable<ContainerRecord> found = containers.All.Select(cell => cell.Record)
            .Where(container => showAll || container.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting)
            .Where(container => before is null || container.CreatedAt < before)
            .Where(container => since is null || container.CreatedAt > since)
            .Where(container => ancestors is null || ancestors.Contains(container.ImageId))
            .Where(container => names.Count == 0 || names.Exists(name => name.IsMatch(container.Name) || name.IsMatch("/" + container.Name)))
            .Where(container => Allows(filters, container) && IsPublished(filters, container))
            .OrderByDescending(container => container.CreatedAt);
        if (limit > 0)
        {
            found = found.Take(limit);
        }

        var imageNames = new Dictionary<string, string?>(StringComparer.Ordinal);
        return [.. found.Select(container => Summary(container, withSize, imageNames))];
    }

    private static void Check(Filters filters)
    {
        foreach (var status in filters.Get("status"))
        {
            if (status is not ("created" or "running" or "paused" or "restarting" or "removing" or "exited" or "dead"))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'status={status}': it is one of created, running, paused, restarting, removing, exited and dead");
            }
        }

        foreach (var health in filters.Get("health"))
        {
            if (health is not ("none" or "starting" or "healthy" or "unhealthy"))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'health={health}': it is one of none, starting, healthy and unhealthy");
            }
        }

        foreach (var exited in filters.Get("exited"))
        {
            if (!int.TryParse(exited, CultureInfo.InvariantCulture, out _))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'exited={exited}': it is an exit code, a number");
            }
        }

        foreach (var port in filters.Get("publish").Concat(filters.Get("expose")))
        {
            ContainerPort.Parse(port);
        }
    }

    private DateTimeOffset? Reference(Filters filters, string key)
        => filters.Get(key) is [var name, ..] ? containers.Resolve(name).Record.CreatedAt : null;

    // Images that are, or are built on, one of those named; a name that leads nowhere lets nothing through.
    private HashSet<string>? Ancestors(Filters filters)
    {
        var named = filters.Get("ancestor");
        if (named.Count == 0)
        {
            return null;
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in named)
        {
            if (!TryResolve(name, out var ancestor))
            {
                continue;
            }

            ids.Add(ancestor.Id);
            var chain = ancestor.ChainIds.LastOrDefault();
            foreach (var used in containers.All.Select(cell => cell.Record.ImageId).Distinct(StringComparer.Ordinal))
            {
                if (chain is not null && images.FindById(used)?.ChainIds.Contains(chain) == true)
                {
                    ids.Add(used);
                }
            }
        }

        return ids;
    }

    private bool TryResolve(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ImageRecord? image)
    {
        try
        {
            image = images.Resolve(name);
            return true;
        }
        catch (EngineException unknown) when (unknown.Kind is ErrorKind.NotFound or ErrorKind.InvalidArgument)
        {
            image = null;
            return false;
        }
    }

    private static List<Regex> Patterns(Filters filters, string key)
    {
        try
        {
            return [.. filters.Get(key).Select(pattern => new Regex(pattern, RegexOptions.CultureInvariant, PatternTimeout))];
        }
        catch (ArgumentException wrong)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter '{key}': {wrong.Message}", wrong);
        }
    }

    private bool Allows(Filters filters, ContainerRecord container)
        => filters.Allows("id", container.Id.StartsWith)
            && filters.AllowsLabels(container.Plan.Labels)
            && filters.Allows("status", ContainerText.State(container))
            && filters.Allows("health", container.Health is { } health ? HealthState.Word(health.Status) : "none")
            && filters.Allows("is-task", task => task is "false" or "0")
            && filters.Allows("isolation", isolation => isolation is "default" or "")
            && filters.Allows("exited", code => container.State is ContainerState.Exited exited && exited.ExitCode == int.Parse(code, CultureInfo.InvariantCulture))
            && filters.Allows("volume", volume => container.Mounts.Any(mount => IsVolume(mount, volume)))
            && filters.Allows("network", network => networks.IsOn(container, network))
            && filters.Allows("expose", port => ContainerPort.Parse(port).Any(container.Plan.Network.ExposedPorts.Contains));

    // By the host's ports, as "expose" goes by the container's.
    private bool IsPublished(Filters filters, ContainerRecord container)
    {
        if (filters.Get("publish").Count == 0)
        {
            return true;
        }

        var published = (networks.Current(container)?.Ports ?? []).Select(port => new ContainerPort(port.HostPort, port.Container.Protocol)).ToHashSet();
        return filters.Allows("publish", port => ContainerPort.Parse(port).Any(published.Contains));
    }

    private static bool IsVolume(MountPlan mount, string volume) => mount.Target == volume || mount switch
    {
        MountPlan.Volume named => named.Name == volume,
        MountPlan.Bind bind => bind.Source == volume,
        _ => false,
    };

    private ContainerSummary Summary(ContainerRecord container, bool withSize, Dictionary<string, string?> imageNames)
    {
        var current = networks.Current(container);
        var written = withSize ? TreeSize.Of(paths.Diff(container.Id)) : (long?)null;
        return new ContainerSummary
        {
            Id = container.Id,
            Names = ["/" + container.Name],
            Image = ImageName(container, imageNames),
            ImageID = container.ImageId,
            Command = ContainerText.Command(container.Plan.Process.Arguments),
            Created = container.CreatedAt.ToUnixTimeSeconds(),
            Ports = ContainerNetworks.PortSummaries(container, current),
            SizeRw = written,
            SizeRootFs = written + (images.FindById(container.ImageId)?.SizeBytes ?? 0),
            Labels = new Dictionary<string, string>(container.Plan.Labels),
            State = ContainerText.State(container),
            Status = ContainerText.Status(container, clock.GetUtcNow()),
            HostConfig = new ContainerSummaryHostConfig
            {
                NetworkMode = container.HostConfig.NetworkMode ?? "",
                Annotations = container.HostConfig.Annotations,
            },
            NetworkSettings = new ContainerSummaryNetworks { Networks = networks.Endpoints(container, current) },
            Mounts = inspection.MountPoints(container),
        };
    }

    // A name that leads to another image by now would mislead: then the id is shown.
    private string ImageName(ContainerRecord container, Dictionary<string, string?> known)
    {
        if (!known.TryGetValue(container.ImageName, out var id))
        {
            known[container.ImageName] = id = TryResolve(container.ImageName, out var image) ? image.Id : null;
        }

        return id == container.ImageId ? container.ImageName : container.ImageId;
    }
}
