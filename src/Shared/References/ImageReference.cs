using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Berth.Shared.Errors;

namespace Berth.Shared.References;

/// <summary>
/// The name of an image as users write it, made whole by Docker's rules: "busybox" is docker.io/library/busybox, "localhost:5000/a" has its own
/// registry. Parsed once at the edge, then passed as this type.
/// </summary>
public sealed partial record ImageReference
{
    public const string DefaultDomain = "docker.io";
    public const string DefaultTag = "latest";
    private const string LegacyDomain = "index.docker.io";
    private const string OfficialPrefix = "library/";
    private const int MaximumNameLength = 255;

    private ImageReference(string domain, string path, string? tag, Digest? digest)
    {
        Domain = domain;
        Path = path;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>The registry, with its port: "docker.io", "localhost:5000".</summary>
    public string Domain { get; }

    /// <summary>The repository within the registry: "library/busybox".</summary>
    public string Path { get; }

    /// <summary>Null when the user gave none; see <see cref="WithDefaultTag"/>.</summary>
    public string? Tag { get; private init; }

    public Digest? Digest { get; private init; }

    /// <summary>Registry and repository: "docker.io/library/busybox".</summary>
    public string Name => $"{Domain}/{Path}";

    /// <summary>The repository as Docker shows it: "busybox", "user/x", "localhost:5000/x".</summary>
    public string FamiliarName => Familiar(Domain, Path);

    /// <summary>Tag if there is one, else digest, else empty; the id of a pull's first progress line.</summary>
    public string TagOrDigest => Tag ?? Digest?.ToString() ?? "";

    /// <exception cref="EngineException">InvalidArgument, in Docker's words.</exception>
    public static ImageReference Parse(string text)
        => TryParse(text, out var reference, out var problem) ? reference : throw new EngineException(ErrorKind.InvalidArgument, problem);

    public static bool TryParse(string text, [NotNullWhen(true)] out ImageReference? reference)
        => TryParse(text, out reference, out _);

    public ImageReference WithTag(string tag)
        => TagPattern().IsMatch(tag) ? this with { Tag = tag } : throw new EngineException(ErrorKind.InvalidArgument, $"invalid tag format: \"{tag}\"");

    public ImageReference WithDigest(Digest digest) => this with { Digest = digest };

    /// <summary>The same repository with neither tag nor digest.</summary>
    public ImageReference Repository() => this with { Tag = null, Digest = null };

    /// <summary>"latest" unless a tag or digest is there.</summary>
    public ImageReference WithDefaultTag() => Tag is null && Digest is null ? this with { Tag = DefaultTag } : this;

    /// <summary>As Docker shows it, with tag and digest as far as they are there: "busybox:latest".</summary>
    public string ToFamiliarString() => FamiliarName + Suffix;

    /// <summary>The whole, canonical form: "docker.io/library/busybox:latest".</summary>
    public override string ToString() => Name + Suffix;

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    private static bool TryParse(string text, [NotNullWhen(true)] out ImageReference? reference, out string problem)
    {
        reference = null;
        problem = "invalid reference format";
        if (text.Length == 64 && References.Digest.IsLowerHex(text))
        {
            problem = $"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings";
            return false;
        }

        var (domain, rest) = SplitDomain(text);
        Digest? digest = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is var at and >= 0)
        {
            if (!References.Digest.TryParse(rest[(at + 1)..], out var parsed))
            {
                return false;
            }

            digest = parsed;
            rest = rest[..at];
        }

        string? tag = null;
        if (rest.LastIndexOf(':') is var colon and >= 0)
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!TagPattern().IsMatch(tag))
            {
                return false;
            }
        }

        if (!PathPattern().IsMatch(rest))
        {
            problem = rest.Length > 0 && PathPattern().IsMatch(rest.ToLowerInvariant())
                ? $"invalid reference format: repository name ({rest}) must be lowercase"
                : problem;
            return false;
        }

        if (!DomainPattern().IsMatch(domain))
        {
            return false;
        }

        if (domain.Length + 1 + rest.Length > MaximumNameLength)
        {
            problem = $"repository name must not be more than {MaximumNameLength} characters";
            return false;
        }

        reference = new ImageReference(domain, rest, tag, digest);
        return true;
    }

    /// <summary>A first component is a registry when it has a dot or a port, is "localhost", or could not be a repository (upper case).</summary>
    private static (string Domain, string Remainder) SplitDomain(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : text[..slash];
        var isDomain = slash >= 0 && (first.AsSpan().IndexOfAny(".:") >= 0 || first == "localhost" || first.Any(char.IsAsciiLetterUpper));
        var (domain, rest) = isDomain ? (first, text[(slash + 1)..]) : (DefaultDomain, text);
        if (domain == LegacyDomain)
        {
            domain = DefaultDomain;
        }

        // Only the name part tells whether the repository is an official one: a digest has no slash, but keep to the name anyway.
        var name = rest.AsSpan(0, rest.AsSpan().IndexOfAny(":@") is var end and >= 0 ? end : rest.Length);
        return domain == DefaultDomain && !name.Contains('/') && name.Length > 0 ? (domain, OfficialPrefix + rest) : (domain, rest);
    }

    private static string Familiar(string domain, string path)
    {
        if (domain != DefaultDomain)
        {
            return $"{domain}/{path}";
        }

        var bare = path.StartsWith(OfficialPrefix, StringComparison.Ordinal) ? path[OfficialPrefix.Length..] : path;

        // "library/a/b" must stay as it is: "a/b" would name something else.
        return bare.Contains('/', StringComparison.Ordinal) ? path : bare;
    }

    [GeneratedRegex(@"\A[\w][\w.-]{0,127}\z", RegexOptions.ECMAScript)]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathPattern();

    [GeneratedRegex(@"\A(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DomainPattern();
}
