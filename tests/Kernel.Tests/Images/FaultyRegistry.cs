using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Berth.Shared.Archives;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Kernel.Tests.Images;

/// <summary>A registry that misbehaves to order. Speaks as much HTTP as a pull needs, over plain sockets, so that it can cut where it likes.</summary>
internal sealed class FaultyRegistry : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, (byte[] Content, string Type)> _manifests = new();
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private long _blobBytesSent;
    private int _refusals;

    public FaultyRegistry()
    {
        _listener.Start();
        Address = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _serving = ServeAsync();
    }

    public string Address { get; }

    /// <summary>Close each connection after so many bytes of a blob.</summary>
    public int? CutAfter { get; set; }

    /// <summary>Answer a request for a part with the whole.</summary>
    public bool IgnoreRanges { get; set; }

    /// <summary>Change a byte of each blob.</summary>
    public bool Corrupt { get; set; }

    /// <summary>Wait with blobs until it is set.</summary>
    public TaskCompletionSource? BlobGate { get; set; }

    /// <summary>Say 429 so many times first, with "Retry-After: 0".</summary>
    public int RefuseFirst { get; set; }

    /// <summary>Ask for this token, to be had at /token with this user and password.</summary>
    public (string User, string Password, string Token)? Auth { get; set; }

    /// <summary>Send blobs from this other server, by redirect.</summary>
    public string? RedirectBlobsTo { get; set; }

    public long BlobBytesSent => Interlocked.Read(ref _blobBytesSent);

    /// <summary>Of all blobs together.</summary>
    public long BlobBytes => _blobs.Values.Sum(blob => (long)blob.Length);

    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Authorization headers seen with blobs.</summary>
    public ConcurrentQueue<string> BlobAuthorizations { get; } = new();

    /// <summary>Adds an image of the given layers' files.</summary>
    public string Add(string name, string tag, params (string Name, byte[] Content)[] layers)
    {
        var diffIds = new List<string>();
        var descriptors = new List<OciDescriptor>();
        foreach (var (file, content) in layers)
        {
            var archive = (byte[])[.. TarHeader.Encode(new TarEntry { Name = Encoding.UTF8.GetBytes(file), Kind = TarEntryKind.File, Size = content.Length, Permissions = 0x1A4 }), .. content, .. new byte[TarHeader.Padding(content.Length)], .. TarHeader.End];
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(archive);
            }

            diffIds.Add(Digest.OfSha256(archive).ToString());
            descriptors.Add(new OciDescriptor { MediaType = MediaTypes.OciLayerGzip, Digest = AddBlob(packed.ToArray()), Size = packed.Length });
        }

        var config = JsonSerializer.SerializeToUtf8Bytes(
            new OciImage { Architecture = Platform.Host.Architecture, Os = "linux", Rootfs = new OciRootfs { Type = "layers", DiffIds = [.. diffIds] } }, ImageSpecJson.Default.OciImage);
        var manifest = new OciManifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciManifest,
            Config = new OciDescriptor { MediaType = MediaTypes.OciConfig, Digest = AddBlob(config), Size = config.Length },
            Layers = [.. descriptors],
        };
        AddManifest(name, tag, JsonSerializer.SerializeToUtf8Bytes(manifest, ImageSpecJson.Default.OciManifest), MediaTypes.OciManifest);
        return $"{Address}/{name}:{tag}";
    }

    public void AddManifest(string name, string tag, byte[] content, string type)
    {
        _manifests[$"{name}/{tag}"] = (content, type);
        _manifests[$"{name}/{Digest.OfSha256(content)}"] = (content, type);
    }

    public string AddBlob(byte[] content)
    {
        var digest = Digest.OfSha256(content).ToString();
        _blobs[digest] = content;
        return digest;
    }

    /// <summary>The same blobs, for a server that is redirected to.</summary>
    public void ShareBlobsWith(FaultyRegistry other)
    {
        foreach (var (digest, content) in _blobs)
        {
            other._blobs[digest] = content;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        BlobGate?.TrySetResult();
        _listener.Dispose();
        _serving.Wait();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } request && request.Contains("HTTP/1.1", StringComparison.Ordinal))
                {
                    var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                    while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                    {
                        headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
                    }

                    Requests.Enqueue($"{request} {headers.GetValueOrDefault("Range")}");
                    if (!await AnswerAsync(stream, request.Split(' ')[1], headers))
                    {
                        return;
                    }
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
            }
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, string path, Dictionary<string, string> headers)
    {
        if (Interlocked.Increment(ref _refusals) <= RefuseFirst)
        {
            return await SendAsync(stream, "429 Too Many Requests", "Retry-After: 0\r\n", []);
        }

        if (Auth is { } auth)
        {
            if (path.StartsWith("/token", StringComparison.Ordinal))
            {
                var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{auth.User}:{auth.Password}"));
                return headers.GetValueOrDefault("Authorization") == basic
                    ? await SendAsync(stream, "200 OK", "", Encoding.UTF8.GetBytes($$"""{"token":"{{auth.Token}}","expires_in":300}"""))
                    : await SendAsync(stream, "401 Unauthorized", "", []);
            }

            if (headers.GetValueOrDefault("Authorization") != $"Bearer {auth.Token}")
            {
                return await SendAsync(stream, "401 Unauthorized", $"WWW-Authenticate: Bearer realm=\"http://{Address}/token\",service=\"s\",scope=\"repository:x:pull\"\r\n",
                    """{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"""u8.ToArray());
            }
        }

        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            var key = path["/v2/".Length..].Replace("/manifests/", "/", StringComparison.Ordinal);
            return _manifests.TryGetValue(key, out var manifest)
                ? await SendAsync(stream, "200 OK", $"Content-Type: {manifest.Type}\r\n", manifest.Content)
                : await SendAsync(stream, "404 Not Found", "", """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"""u8.ToArray());
        }

        if (path.Contains("/blobs/", StringComparison.Ordinal))
        {
            BlobAuthorizations.Enqueue(headers.GetValueOrDefault("Authorization") ?? "");
            return await SendBlobAsync(stream, path, path[(path.LastIndexOf('/') + 1)..], headers);
        }

        return await SendAsync(stream, "200 OK", "", []);
    }

    private async Task<bool> SendBlobAsync(NetworkStream stream, string path, string digest, Dictionary<string, string> headers)
    {
        if (RedirectBlobsTo is { } other)
        {
            return await SendAsync(stream, "307 Temporary Redirect", $"Location: http://{other}{path}\r\n", []);
        }

        var content = _blobs[digest];
        if (Corrupt && content.Length > 1000)
        {
            content = [.. content];
            content[^10] ^= 1;
        }

        var start = !IgnoreRanges && headers.TryGetValue("Range", out var range) ? int.Parse(range["bytes=".Length..].TrimEnd('-')) : 0;
        if (BlobGate is { } gate && content.Length > 1000)
        {
            await gate.Task;
        }

        var head = $"HTTP/1.1 {(start > 0 ? "206 Partial Content" : "200 OK")}\r\nContent-Length: {content.Length - start}\r\n"
            + (start > 0 ? $"Content-Range: bytes {start}-{content.Length - 1}/{content.Length}\r\n" : "") + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        var length = Math.Min(content.Length - start, CutAfter ?? int.MaxValue);
        await stream.WriteAsync(content.AsMemory(start, length));
        Interlocked.Add(ref _blobBytesSent, length);
        return length == content.Length - start;
    }

    private static async Task<bool> SendAsync(NetworkStream stream, string status, string headers, byte[] body)
    {
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n"), .. body]);
        return true;
    }
}
