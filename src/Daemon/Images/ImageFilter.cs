using System.Globalization;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

namespace Berth.Daemon.Images;

/// <summary>What a list of images is narrowed to.</summary>
internal sealed class ImageFilter
{
    private readonly Filters _filters;
    private readonly bool? _dangling;
    private readonly DateTimeOffset? _before;
    private readonly DateTimeOffset? _since;

    private ImageFilter(Filters filters, bool? dangling, DateTimeOffset? before, DateTimeOffset? since)
        => (_filters, _dangling, _before, _since) = (filters, dangling, before, since);

    /// <exception cref="EngineException">InvalidArgument: an unknown key or value. NotFound: "before" and "since" name images.</exception>
    public static ImageFilter Parse(IQueryCollection query, ImageService images, TimeProvider clock)
    {
        var filters = Filters.Parse(query, "dangling", "label", "label!", "before", "since", "reference", "until");
        return new ImageFilter(filters, filters.GetBool("dangling"), Earliest(filters, images, clock), Created(filters, "since", images));
    }

    /// <summary>The image with those of its names that are asked for; null when it is not.</summary>
    public NamedImage? Narrow(NamedImage named, bool all, bool hasChildren)
    {
        var (image, created) = (named.Image, named.Image.Config.CreatedAt ?? DateTimeOffset.MinValue);
        if ((_before is { } before && created >= before) || (_since is { } since && created <= since) || !_filters.AllowsLabels(image.Config.Config?.Labels))
        {
            return null;
        }

        if (_filters.Get("reference") is { Count: > 0 } patterns)
        {
            named = named with { Names = named.Names.Where(name => patterns.Any(pattern => ReferencePattern.Matches(pattern, name))).ToList() };
            if (named.Names.Count == 0)
            {
                return null;
            }
        }

        return (named.Tags.Any(), named.Names.Count > 0) switch
        {
            (true, _) => _dangling == true ? null : named,
            (false, true) => named,
            _ => _dangling == false || (hasChildren && !all) ? null : named,
        };
    }

    // "until" is a time or an age, "before" an image: both say "older than".
    private static DateTimeOffset? Earliest(Filters filters, ImageService images, TimeProvider clock)
    {
        var before = Created(filters, "before", images);
        foreach (var text in filters.Get("until"))
        {
            var until = ParseUntil(text, clock);
            before = before is { } earlier && earlier < until ? earlier : until;
        }

        return before;
    }

    internal static DateTimeOffset ParseUntil(string text, TimeProvider clock)
    {
        if (GoDuration.TryParse(text, out var age))
        {
            return clock.GetUtcNow() - age;
        }

        return ApiTime.TryParse(text, out var nanoseconds)
            ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100)
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
                ? date
                : throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'until={text}': neither a time nor a duration");
    }

    private static DateTimeOffset? Created(Filters filters, string key, ImageService images)
        => filters.Get(key) is [var name, ..] ? images.Resolve(name).Config.CreatedAt ?? DateTimeOffset.MinValue : null;
}
