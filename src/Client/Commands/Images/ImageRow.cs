using System.Globalization;
using System.Text.Json;
using Berth.Client.Output;
using Berth.Shared.References;

namespace Berth.Client.Commands.Images;

/// <summary>An image under one of its names, as lists show it.</summary>
internal sealed class ImageRow(JsonElement image, string repository, string tag, string digest, bool truncates, DateTimeOffset now)
{
    private const string None = "<none>";
    private const int ShortId = 12;

    public static readonly IReadOnlyList<Column<ImageRow>> Columns =
    [
        new("ID", "IMAGE ID", static row => row.Id),
        new("Repository", "REPOSITORY", static row => row._repository),
        new("Tag", "TAG", static row => row._tag),
        new("Digest", "DIGEST", static row => row._digest),
        new("CreatedSince", "CREATED", static row => row.Created is { } created ? Moments.Ago(created, row._now) : "N/A"),
        new("CreatedAt", "CREATED AT", static row => row.Created is { } created ? Moments.ListDate(created) : "N/A"),
        new("Size", "SIZE", static row => Quantities.DecimalSize(row._image.Integer("Size"))),
        new("Containers", "CONTAINERS", static row => Counted(row._image.At("Containers"), static value => value.AsInteger().ToString(CultureInfo.InvariantCulture))),
        new("SharedSize", "SHARED SIZE", static row => Counted(row._image.At("SharedSize"), static value => Quantities.DecimalSize(value.AsInteger()))),
        new("UniqueSize", "UNIQUE SIZE", static row => Counted(row._image.At("SharedSize"), value => Quantities.DecimalSize(row._image.Integer("Size") - value.AsInteger()))),
        new("VirtualSize", "VIRTUAL SIZE", static row => Quantities.DecimalSize(row._image.Integer("Size"))),
    ];

    private readonly JsonElement _image = image;
    private readonly string _repository = repository;
    private readonly string _tag = tag;
    private readonly string _digest = digest;
    private readonly DateTimeOffset _now = now;

    private string Id
    {
        get
        {
            var id = _image.Text("Id");
            var hex = id.StartsWith("sha256:", StringComparison.Ordinal) ? id["sha256:".Length..] : id;
            return truncates ? hex[..Math.Min(hex.Length, ShortId)] : id;
        }
    }

    private DateTimeOffset? Created => _image.Integer("Created") is > 0 and var seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    public static string? Label(ImageRow row, string key) => row._image.At("Labels").Text(key);

    /// <summary>One row for each name; with digests, one for each pair of name and digest of a repository.</summary>
    public static IEnumerable<ImageRow> Expand(JsonElement image, bool withDigests, bool truncates, DateTimeOffset now)
    {
        var tags = image.Texts("RepoTags").Where(static name => name != "<none>:<none>").Select(static name => Split(name, ':')).ToLookup(static pair => pair.Repository, static pair => pair.Suffix);
        var digests = image.Texts("RepoDigests").Where(static name => name != "<none>@<none>").Select(static name => Split(name, '@')).ToLookup(static pair => pair.Repository, static pair => pair.Suffix);
        var any = false;
        foreach (var repository in tags)
        {
            var ownDigests = withDigests ? digests[repository.Key].DefaultIfEmpty(None) : [None];
            foreach (var tag in repository)
            {
                foreach (var digest in ownDigests)
                {
                    any = true;
                    yield return new ImageRow(image, repository.Key, tag, digest, truncates, now);
                }
            }
        }

        // Names by digest alone are shown when nothing else names the repository.
        foreach (var repository in digests.Where(group => !tags.Contains(group.Key)))
        {
            foreach (var digest in withDigests ? (IEnumerable<string>)repository : [None])
            {
                any = true;
                yield return new ImageRow(image, repository.Key, None, digest, truncates, now);
            }
        }

        if (!any)
        {
            yield return new ImageRow(image, None, None, None, truncates, now);
        }
    }

    private static (string Repository, string Suffix) Split(string name, char separator)
    {
        var at = name.LastIndexOf(separator);
        var repository = at < 0 ? name : name[..at];
        return (ImageReference.TryParse(repository, out var parsed) ? parsed.FamiliarName : repository, at < 0 ? None : name[(at + 1)..]);
    }

    /// <summary>-1 stands for what the daemon was not asked to count.</summary>
    private static string Counted(JsonElement value, Func<JsonElement, string> show) => value.ValueKind == JsonValueKind.Number && value.AsInteger() >= 0 ? show(value) : "N/A";
}
