using Berth.Daemon.Images;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Registry;
using Berth.Kit;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Kernel.Tests.Images;

public sealed class PullFaultTests : IDisposable
{
    private readonly ImageStoreFixture _store = new();
    private readonly FaultyRegistry _registry = new();

    public PullFaultTests() => Assert.SkipUnless(Host.IsRoot, "needs root: layers have owners and device nodes");

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }

    private static byte[] Noise(int length, int seed = 1)
    {
        var noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    [Fact]
    public async Task Pull_WhenConnectionsAreCut_GoesOnWhereItWas()
    {
        var content = Noise(3_000_000);
        var name = _registry.Add("cut", "1", ("file", content));
        _registry.CutAfter = 256 * 1024;

        await _store.PullAsync(name);

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_store.LowerDirectories(name)[0], "file")));
        Assert.Equal(_registry.BlobBytes, _registry.BlobBytesSent); // not one twice
    }

    [Fact]
    public async Task Pull_WhenTheServerIgnoresRanges_StillEnds()
    {
        var content = Noise(500_000);
        var name = _registry.Add("whole", "1", ("file", content));
        _registry.CutAfter = 300_000;
        _registry.IgnoreRanges = true;
        using var cancel = new CancellationTokenSource();
        var pull = _store.PullAsync(name, cancel.Token);
        await Host.EventuallyAsync(() => Task.FromResult(_registry.BlobBytesSent > 0), "a first part");
        _registry.CutAfter = null;

        await pull;

        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_store.LowerDirectories(name)[0], "file")));
    }

    [Fact]
    public async Task Pull_AfterARestart_FetchesOnlyTheRest()
    {
        var name = _registry.Add("restart", "1", ("file", Noise(2_000_000)));
        _registry.CutAfter = 1_500_000;
        using (var cancel = new CancellationTokenSource())
        {
            var first = _store.PullAsync(name, cancel.Token);
            await Host.EventuallyAsync(() => Task.FromResult(Directory.EnumerateFiles(Path.Combine(_store.Root, "content", "partial")).Any(file => new FileInfo(file).Length > 1_000_000)), "a part on disk");
            _registry.CutAfter = 0;
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        await _store.RestartAsync();
        _registry.CutAfter = null;
        var before = _registry.BlobBytesSent;

        await _store.PullAsync(name);

        Assert.InRange(_registry.BlobBytesSent - before, 1, 1_000_500);
        Assert.True(File.Exists(Path.Combine(_store.LowerDirectories(name)[0], "file")));
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task Pull_OverADamagedPart_BeginsAnew()
    {
        var name = _registry.Add("damaged", "1", ("file", Noise(2_000_000)));
        _registry.CutAfter = 1_500_000;
        using (var cancel = new CancellationTokenSource())
        {
            var first = _store.PullAsync(name, cancel.Token);
            await Host.EventuallyAsync(() => Task.FromResult(Directory.EnumerateFiles(Path.Combine(_store.Root, "content", "partial")).Any(file => new FileInfo(file).Length > 1_000_000)), "a part on disk");
            _registry.CutAfter = 0;
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        await _store.RestartAsync();
        using (var part = File.OpenHandle(Directory.GetFiles(Path.Combine(_store.Root, "content", "partial")).Single(), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(part, "damage"u8, 700_000);
        }

        _registry.CutAfter = null;
        await _store.PullAsync(name);

        Assert.True(File.Exists(Path.Combine(_store.LowerDirectories(name)[0], "file")));
    }

    [Fact]
    public async Task Pull_OfACorruptBlob_FailsAndLeavesNothing()
    {
        var name = _registry.Add("corrupt", "1", ("file", Noise(100_000)));
        _registry.Corrupt = true;

        var error = await Assert.ThrowsAsync<EngineException>(() => _store.PullAsync(name));

        Assert.Contains("is corrupt: expected digest", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Get<ImageService>().List());
        Assert.Empty(_store.Leftovers());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_store.Root, "content", "partial")));

        _registry.Corrupt = false;
        await _store.PullAsync(name);
        Assert.Single(_store.Get<ImageService>().List());
    }

    [Fact]
    public async Task Pull_OfALayerThatIsNotTheConfigs_Fails()
    {
        var name = _registry.Add("honest", "1", ("file", Noise(10_000)));
        var liar = _registry.Add("liar", "1", ("file", Noise(10_000, seed: 2)));
        var manifest = System.Text.Json.JsonSerializer.Deserialize(await ManifestAsync(name), ImageSpecJson.Default.OciManifest)!;
        var other = System.Text.Json.JsonSerializer.Deserialize(await ManifestAsync(liar), ImageSpecJson.Default.OciManifest)!;
        _registry.AddManifest("liar", "2", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(manifest with { Layers = other.Layers }, ImageSpecJson.Default.OciManifest), MediaTypes.OciManifest);

        var error = await Assert.ThrowsAsync<EngineException>(() => _store.PullAsync($"{_registry.Address}/liar:2"));

        Assert.Contains("is corrupt", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Get<ImageService>().List());
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task Pull_ByManyAtOnce_FetchesEachBlobOnce()
    {
        var name = _registry.Add("many", "1", ("a", Noise(400_000)), ("b", Noise(300_000, seed: 2)));
        _registry.BlobGate = new TaskCompletionSource();
        var pulls = Enumerable.Range(0, 8).Select(_ => _store.PullAsync(name)).ToList();
        await Host.EventuallyAsync(() => Task.FromResult(_registry.Requests.Count(request => request.Contains("manifests", StringComparison.Ordinal)) >= 8), "all have asked");
        _registry.BlobGate.SetResult();

        await Task.WhenAll(pulls);

        Assert.Equal(2, _registry.Requests.Count(request => request.Contains("/blobs/", StringComparison.Ordinal)) - _registry.Requests.Count(request => request.Contains(Config(), StringComparison.Ordinal)));
        foreach (var pull in pulls)
        {
            Assert.Contains(await pull, line => line.Contains("Status:", StringComparison.Ordinal));
        }

        string Config() => _store.Get<ImageService>().List().Single().Image.Id;
    }

    [Fact]
    public async Task Pull_WhenOneOfTwoClientsLeaves_GoesOnForTheOther()
    {
        var name = _registry.Add("leave", "1", ("a", Noise(400_000)));
        _registry.BlobGate = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        var leaving = _store.PullAsync(name, cancel.Token);
        await Host.EventuallyAsync(() => Task.FromResult(_registry.Requests.Any(request => request.Contains("/blobs/", StringComparison.Ordinal))), "the download");
        var staying = _store.PullAsync(name);
        await Host.EventuallyAsync(() => Task.FromResult(_registry.Requests.Count(request => request.Contains("manifests", StringComparison.Ordinal)) >= 2), "the second client");

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        _registry.BlobGate.SetResult();
        await staying;

        Assert.Single(_store.Get<ImageService>().List());
    }

    [Fact]
    public async Task Pull_WithATokenServer_SignsInAndKeepsTheTokenFromOthers()
    {
        using var elsewhere = new FaultyRegistry();
        var name = _registry.Add("secret", "1", ("a", Noise(5000)));
        _registry.ShareBlobsWith(elsewhere);
        _registry.Auth = ("me", "hidden", "t0ken");
        _registry.RedirectBlobsTo = elsewhere.Address;
        var progress = new ProgressSink();

        await _store.Get<ImagePuller>().PullAsync(ImageReference.Parse(name), null, new RegistryCredentials("me", "hidden"), progress, CancellationToken.None);

        Assert.Single(_store.Get<ImageService>().List());
        Assert.All(elsewhere.BlobAuthorizations, authorization => Assert.Equal("", authorization));
        var refused = await Assert.ThrowsAsync<EngineException>(() => _store.Get<ImagePuller>().PullAsync(ImageReference.Parse(name), null, new RegistryCredentials("me", "wrong"), progress, CancellationToken.None));
        Assert.Equal(ErrorKind.Unauthorized, refused.Kind);
    }

    [Fact]
    public async Task Pull_WhenAskedToWait_TriesAgain()
    {
        var name = _registry.Add("busy", "1", ("a", Noise(5000)));
        await _store.PullAsync(name);
        var other = _registry.Add("busy2", "1", ("b", Noise(5000)));
        _registry.RefuseFirst = 3 + _registry.Requests.Count;

        await _store.PullAsync(other);

        Assert.Equal(2, _store.Get<ImageService>().List().Count);
    }

    [Fact]
    public async Task Pull_OfAnIndex_TakesThisMachinesImageAndBothDigestsLeadToIt()
    {
        var name = _registry.Add("multi", "1", ("a", Noise(5000)));
        var manifest = await ManifestAsync(name);
        var index = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new OciIndex
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciIndex,
            Manifests =
            [
                new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = "sha256:" + new string('0', 64), Size = 1, Platform = new OciPlatform { Os = "linux", Architecture = "s390x" } },
                new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = Digest.OfSha256(manifest).ToString(), Size = manifest.Length, Platform = new OciPlatform { Os = "linux", Architecture = Platform.Host.Architecture } },
            ],
        }, ImageSpecJson.Default.OciIndex);
        _registry.AddManifest("multi", "all", index, MediaTypes.OciIndex);

        await _store.PullAsync($"{_registry.Address}/multi:all");
        var images = _store.Get<ImageService>();

        Assert.Equal($"{_registry.Address}/multi@{Digest.OfSha256(index)}", images.List().Single().Digests.Single().ToFamiliarString());
        Assert.Equal(images.Resolve($"{_registry.Address}/multi:all").Id, images.Resolve($"{_registry.Address}/multi@{Digest.OfSha256(index)}").Id);
        var error = await Assert.ThrowsAsync<EngineException>(() => _store.Get<ImagePuller>().PullAsync(ImageReference.Parse($"{_registry.Address}/multi:all"), Platform.Parse("linux/riscv64"), null, new ProgressSink(), CancellationToken.None));
        Assert.Equal("no matching manifest for linux/riscv64 in the manifest list entries", error.Message);
    }

    [Fact]
    public async Task Remove_OfTheLastName_TakesLayersAndBlobsFromDisk()
    {
        var first = _registry.Add("one", "1", ("shared", Noise(5000)), ("a", Noise(5000, seed: 2)));
        var second = _registry.Add("two", "1", ("shared", Noise(5000)), ("b", Noise(5000, seed: 3)));
        await _store.PullAsync(first);
        await _store.PullAsync(second);

        var removed = _store.Get<ImageRemoval>().Remove(first, force: false, pruneParents: true);

        Assert.Equal(first, removed[0].Untagged);
        Assert.StartsWith($"{first[..^2]}@sha256:", removed[1].Untagged, StringComparison.Ordinal);
        Assert.Equal(2, removed.Count(item => item.Deleted is not null));
        Assert.Single(_store.Get<ImageService>().List());
        Assert.True(File.Exists(Path.Combine(_store.LowerDirectories(second)[1], "shared")));
        _store.Get<ImageRemoval>().Remove(second, force: false, pruneParents: true);
        Assert.Empty(_store.Get<ContentStore>().Blobs());
        Assert.Empty(_store.Get<Berth.Daemon.Images.Snapshots.SnapshotService>().LayersOnDisk());
    }

    private async Task<byte[]> ManifestAsync(string name)
    {
        using var http = new HttpClient();
        var reference = ImageReference.Parse(name);
        return await http.GetByteArrayAsync(new Uri($"http://{_registry.Address}/v2/{reference.Path}/manifests/{reference.Tag}"));
    }
}
