using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>What one request wants of one repository: distribution-spec, "Pull", with the credentials of that request.</summary>
internal sealed partial class RegistrySession(RegistryTransport transport, RegistryAuth auth, IReadOnlyList<RegistryHost> hosts, ImageReference repository)
{
    private const int ManifestLimit = 4 << 20;
    private const int TagPages = 1000;

    private static readonly string[] ManifestTypes =
        [MediaTypes.OciIndex, MediaTypes.DockerManifestList, MediaTypes.OciManifest, MediaTypes.DockerManifest, MediaTypes.DockerManifestV1Signed, MediaTypes.DockerManifestV1];

    /// <summary>Fetches a manifest or index.</summary>
    /// <param name="tagOrDigest">When a digest, what comes must have it.</param>
    /// <exception cref="RegistryException">The registry doesn't have it or won't give it.</exception>
    /// <exception cref="EngineException">Internal: it can't be reached, or what came is damaged.</exception>
    public async Task<RegistryManifest> GetManifestAsync(string tagOrDigest, CancellationToken ct)
    {
        using var response = await AskAsync($"manifests/{tagOrDigest}", request =>
        {
            foreach (var type in ManifestTypes)
            {
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
            }
        }, status => status == HttpStatusCode.OK, ct);
        var content = await ReadAsync(response, ManifestLimit, $"manifest {tagOrDigest}", ct);
        var digest = Digest.OfSha256(content);
        var claimed = response.Headers.TryGetValues("Docker-Content-Digest", out var values) ? values.FirstOrDefault() : null;
        var expected = Digest.TryParse(tagOrDigest, out var pinned) ? pinned
            : Digest.TryParse(claimed, out var header) ? header
            : digest;
        if (!expected.Matches(content))
        {
            throw ImageErrors.DigestMismatch($"manifest {tagOrDigest}", expected.ToString(), digest.ToString());
        }

        return new RegistryManifest(content, expected, response.Content.Headers.ContentType?.MediaType);
    }

    /// <summary>Opens a blob, from a byte on if the server can.</summary>
    /// <inheritdoc cref="GetManifestAsync"/>
    public async Task<RegistryBlob> OpenBlobAsync(Digest digest, long offset, CancellationToken ct)
    {
        var response = await AskAsync($"blobs/{digest}", request =>
        {
            if (offset > 0)
            {
                request.Headers.Range = new RangeHeaderValue(offset, null);
            }
        }, status => status is HttpStatusCode.OK or HttpStatusCode.PartialContent, ct);
        var start = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? offset : 0;
        return new RegistryBlob(response, await response.Content.ReadAsStreamAsync(ct), start);
    }

    /// <summary>All tags of the repository, page by page.</summary>
    public async Task<IReadOnlyList<string>> ListTagsAsync(CancellationToken ct)
    {
        var tags = new List<string>();
        var query = "tags/list";
        for (var page = 0; page < TagPages; page++)
        {
            using var response = await AskAsync(query, _ => { }, status => status == HttpStatusCode.OK, ct);
            var content = await ReadAsync(response, ManifestLimit, "list of tags", ct);
            tags.AddRange(Parse(content, RegistryJson.Default.RegistryTags)?.Tags ?? []);
            if (NextPage(response) is not { } next)
            {
                break;
            }

            query = next;
        }

        return tags;
    }

    private async Task<HttpResponseMessage> AskAsync(string what, Action<HttpRequestMessage> prepare, Func<HttpStatusCode, bool> expected, CancellationToken ct)
    {
        Exception? failure = null;
        foreach (var host in hosts)
        {
            try
            {
                var response = await AskAsync(host, what, prepare, ct);
                if (expected(response.StatusCode))
                {
                    return response;
                }

                using (response)
                {
                    failure = await DescribeAsync(host, response, ct);
                }
            }
            catch (Exception error) when (host.IsMirror && (error is EngineException or RegistryException))
            {
                failure = error; // a mirror may lack what the registry has, or be down: the next one is asked
            }
        }

        throw failure ?? new EngineException(ErrorKind.Internal, $"no registry for {repository.Name}");
    }

    private async Task<HttpResponseMessage> AskAsync(RegistryHost host, string what, Action<HttpRequestMessage> prepare, CancellationToken ct)
        => await RegistryRequest.SendAsync(
            transport, auth, host, new Uri($"{await transport.BaseAsync(host, ct)}/v2/{repository.Path}/{what}"), HttpMethod.Get, prepare,
            response => DescribeAsync(host, response, ct), ct);

    internal static async Task<RegistryException> DescribeAsync(RegistryHost host, HttpResponseMessage response, CancellationToken ct)
    {
        var content = await ReadAsync(response, 64 << 10, "error answer", ct);
        var error = TryParseErrors(content)?.Errors?.FirstOrDefault();
        var code = error?.Code?.ToUpperInvariant();
        var detail = error is null
            ? $"registry {host.Authority} answered {(int)response.StatusCode} {response.ReasonPhrase}"
            : $"{error.Code?.ToLowerInvariant().Replace('_', ' ')}: {error.Message}";
        return (code, response.StatusCode) switch
        {
            ("MANIFEST_UNKNOWN", _) => new RegistryException(RegistryFailure.ManifestUnknown, ErrorKind.NotFound, detail),
            ("NAME_UNKNOWN", _) => new RegistryException(RegistryFailure.NameUnknown, ErrorKind.NotFound, detail),
            ("DENIED", _) => new RegistryException(RegistryFailure.Denied, ErrorKind.NotFound, detail),
            ("UNAUTHORIZED", _) or (_, HttpStatusCode.Unauthorized) => new RegistryException(RegistryFailure.Unauthorized, ErrorKind.Unauthorized, error is null ? "unauthorized: authentication required" : detail),
            ("TOOMANYREQUESTS", _) or (_, HttpStatusCode.TooManyRequests) => new RegistryException(RegistryFailure.TooManyRequests, ErrorKind.Unavailable, $"toomanyrequests: {error?.Message ?? detail}"),
            (_, HttpStatusCode.Forbidden) => new RegistryException(RegistryFailure.Denied, ErrorKind.NotFound, detail),
            (_, HttpStatusCode.NotFound) => new RegistryException(RegistryFailure.ManifestUnknown, ErrorKind.NotFound, detail),
            _ => new RegistryException(RegistryFailure.Other, ErrorKind.Internal, detail),
        };
    }

    /// <summary>"Link: &lt;/v2/x/tags/list?last=y&gt;; rel=next": only the query is taken, the place we know.</summary>
    private static string? NextPage(HttpResponseMessage response)
    {
        var link = response.Headers.TryGetValues("Link", out var values) ? values.FirstOrDefault(value => value.Contains("next", StringComparison.Ordinal)) : null;
        var (start, end) = link is null ? (-1, -1) : (link.IndexOf('?', StringComparison.Ordinal), link.IndexOf('>', StringComparison.Ordinal));
        return start < 0 || end < start ? null : "tags/list" + link![start..end];
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int limit, string what, CancellationToken ct)
    {
        var stream = await response.Content.ReadAsStreamAsync(ct);
        var content = new byte[Math.Min(limit + 1, Math.Max(response.Content.Headers.ContentLength ?? 0, 16384) + 1)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(content.AsMemory(length), ct);
            length += read;
            if (length > limit)
            {
                throw ImageErrors.TooLarge(what, limit);
            }

            if (read == 0)
            {
                return content[..length];
            }

            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Math.Min(limit + 1, content.Length * 2L));
            }
        }
    }

    private static RegistryErrors? TryParseErrors(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, RegistryJson.Default.RegistryErrors);
        }
        catch (JsonException)
        {
            return null; // a proxy's page, say: the status speaks
        }
    }

    private static T? Parse<T>(byte[] content, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(content, type);
        }
        catch (JsonException error)
        {
            throw new EngineException(ErrorKind.Internal, string.Create(CultureInfo.InvariantCulture, $"the registry's answer is not valid JSON: {error.Message}"), error);
        }
    }
}

/// <param name="Content">The bytes as received; their digest was checked.</param>
/// <param name="MediaType">As the answer's header says.</param>
internal sealed record RegistryManifest(byte[] Content, Digest Digest, string? MediaType);

/// <param name="Start">The offset of the first byte that the stream gives; 0 when the server gave the whole blob although a part was asked for.</param>
internal sealed record RegistryBlob(HttpResponseMessage Response, Stream Content, long Start) : IDisposable
{
    public void Dispose()
    {
        Content.Dispose();
        Response.Dispose();
    }
}
