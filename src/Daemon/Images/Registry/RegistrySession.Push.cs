using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

internal sealed partial class RegistrySession
{
    private const int UploadAttempts = 5;
    private static readonly TimeSpan UploadPause = TimeSpan.FromMilliseconds(500);

    // A mirror only reads.
    private RegistryHost Target => hosts[^1];

    /// <summary>Whether the repository has the blob.</summary>
    public async Task<bool> HasBlobAsync(Digest digest, CancellationToken ct)
    {
        using var response = await PushAsync(HttpMethod.Head, await UrlAsync($"blobs/{digest}", ct), _ => { }, ct);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.NotFound => false,
            _ => throw await DescribeAsync(Target, response, ct),
        };
    }

    /// <summary>Takes over a blob from another repository of the registry, without sending it.</summary>
    /// <returns>False when the registry won't: the blob must be uploaded.</returns>
    public async Task<bool> MountBlobAsync(Digest digest, string from, CancellationToken ct)
    {
        var url = await UrlAsync($"blobs/uploads/?mount={Uri.EscapeDataString(digest.ToString())}&from={Uri.EscapeDataString(from)}", ct);
        using var response = await PushAsync(HttpMethod.Post, url, request => request.Content = Empty(), ct);
        if (response is { StatusCode: HttpStatusCode.Accepted, Headers.Location: { } location })
        {
            // It began an upload in place of the mount.
            using var cancelled = await PushAsync(HttpMethod.Delete, new Uri(url, location), _ => { }, ct);
        }

        return response.StatusCode == HttpStatusCode.Created;
    }

    /// <summary>Uploads a blob; after a cut it goes on where the registry has it to.</summary>
    /// <param name="open">Opens the blob's bytes from the beginning.</param>
    /// <param name="progress">Gets the bytes sent so far.</param>
    /// <exception cref="RegistryException">The registry refuses it.</exception>
    /// <exception cref="EngineException">Internal: the registry can't be reached any more.</exception>
    public async Task UploadBlobAsync(Digest digest, Func<Stream> open, long size, Action<long> progress, CancellationToken ct)
    {
        var location = await BeginUploadAsync(ct);
        for (var (attempt, done) = (1, 0L); ; attempt++)
        {
            try
            {
                if (done < size)
                {
                    location = await SendAsync(location, open, done, size, progress, ct);
                }

                await CommitAsync(location, digest, ct);
                return;
            }
            catch (Exception cut) when (attempt < UploadAttempts && IsCut(cut))
            {
                await Task.Delay(UploadPause * attempt, ct);
                (location, done) = await FindWhereItStoppedAsync(location, ct);
                progress(done);
            }
        }
    }

    /// <returns>The digest under which the registry has it.</returns>
    public async Task<Digest> PutManifestAsync(string tagOrDigest, byte[] manifest, string mediaType, CancellationToken ct)
    {
        using var response = await PushAsync(HttpMethod.Put, await UrlAsync($"manifests/{tagOrDigest}", ct), request =>
        {
            request.Content = new ByteArrayContent(manifest);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }, ct);
        if (response.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.Accepted))
        {
            throw await DescribeAsync(Target, response, ct);
        }

        return Digest.OfSha256(manifest);
    }

    private async Task<Uri> BeginUploadAsync(CancellationToken ct)
    {
        var url = await UrlAsync("blobs/uploads/", ct);
        using var response = await PushAsync(HttpMethod.Post, url, request => request.Content = Empty(), ct);
        return response is { StatusCode: HttpStatusCode.Accepted, Headers.Location: { } location } ? new Uri(url, location) : throw await DescribeAsync(Target, response, ct);
    }

    private async Task<Uri> SendAsync(Uri location, Func<Stream> open, long start, long size, Action<long> progress, CancellationToken ct)
    {
        using var response = await PushAsync(HttpMethod.Patch, location, request =>
        {
            request.Content = new UploadContent(open, start, size, progress);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            if (start > 0)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Range", string.Create(CultureInfo.InvariantCulture, $"{start}-{size - 1}"));
            }
        }, ct);
        if (response.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.NoContent or HttpStatusCode.Created))
        {
            throw await DescribeAsync(Target, response, ct);
        }

        return response.Headers.Location is { } next ? new Uri(location, next) : location;
    }

    private async Task CommitAsync(Uri location, Digest digest, CancellationToken ct)
    {
        var url = new UriBuilder(location);
        url.Query = (url.Query.Length > 1 ? url.Query[1..] + "&" : "") + "digest=" + Uri.EscapeDataString(digest.ToString());
        using var response = await PushAsync(HttpMethod.Put, url.Uri, request => request.Content = Empty(), ct);
        if (response.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.NoContent))
        {
            throw await DescribeAsync(Target, response, ct);
        }
    }

    /// <summary>Asks how much of an upload has arrived; a registry that no longer knows it gets a new one.</summary>
    private async Task<(Uri Location, long Done)> FindWhereItStoppedAsync(Uri location, CancellationToken ct)
    {
        using var response = await PushAsync(HttpMethod.Get, location, _ => { }, ct);
        if (response.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.Accepted or HttpStatusCode.OK))
        {
            return (await BeginUploadAsync(ct), 0);
        }

        // "0-1023": both are included. Some registries say "bytes=" before it.
        var range = response.Headers.TryGetValues("Range", out var values) ? values.FirstOrDefault() : null;
        var dash = range?.LastIndexOf('-') ?? -1;
        var done = dash >= 0 && long.TryParse(range.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last > 0 ? last + 1 : 0;
        return (response.Headers.Location is { } next ? new Uri(location, next) : location, done);
    }

    private static bool IsCut(Exception error) => error switch
    {
        RegistryException refusal => refusal.Failure == RegistryFailure.Other, // 5xx, or an upload that the registry has lost
        EngineException engine => engine.Kind == ErrorKind.Internal,
        HttpRequestException => true,
        _ => false,
    };

    private Task<HttpResponseMessage> PushAsync(HttpMethod method, Uri url, Action<HttpRequestMessage> prepare, CancellationToken ct)
        => RegistryRequest.SendAsync(transport, auth, Target, url, method, prepare, response => DescribeAsync(Target, response, ct), ct);

    private async Task<Uri> UrlAsync(string what, CancellationToken ct) => new($"{await transport.BaseAsync(Target, ct)}/v2/{repository.Path}/{what}");

    private static ByteArrayContent Empty() => new([]);
}
