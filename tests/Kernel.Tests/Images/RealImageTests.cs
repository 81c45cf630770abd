using Berth.Daemon.Images;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Pull;
using Berth.Kit;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Kernel.Tests.Images;

/// <summary>An image of many layers and files, made and pushed by other tools, compared with what another tool unpacks of it.</summary>
public sealed class RealImageTests : IAsyncLifetime
{
    private const int Layers = 12;
    private const int DirectoriesPerLayer = 36;
    private const int FilesPerDirectory = 50;
    private readonly ImageStoreFixture _store = new();
    private readonly string _scratch = Directory.CreateTempSubdirectory("berth-real-").FullName;
    private TestRegistry? _registry;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Host.IsRoot && TestRegistry.IsInstalled && Host.Find("umoci") is not null && Host.Find("setcap") is not null, "needs root, docker-registry, skopeo, umoci and setcap");
        _registry = await TestRegistry.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }

        _store.Dispose();
        FileTree.Run("rm", "-rf", _scratch);
    }

    [Fact]
    public async Task Pull_OfManyLayersAndFiles_EqualsWhatUmociUnpacks()
    {
        var ct = TestContext.Current.CancellationToken;
        MakeImage(ct);
        var name = await _registry!.PushAsync($"oci:{_scratch}/oci:big", "team/big:12");

        var lines = await _store.PullAsync(name, ct);

        FileTree.Run("umoci", "unpack", "--image", $"{_scratch}/oci:big", $"{_scratch}/reference");
        var expected = FileTree.List($"{_scratch}/reference/rootfs");
        FileTree.Merged(_store.LowerDirectories(name), $"{_scratch}", root =>
        {
            var actual = FileTree.List(root);
            Assert.True(actual.Count > 20_000);
            Assert.Equal(expected.Keys, actual.Keys);
            Assert.All(expected, pair => Assert.Equal(pair.Value, actual[pair.Key]));
        });
        Assert.Equal(Layers, lines.Count(line => line.EndsWith(": Pull complete", StringComparison.Ordinal)));
        Assert.Empty(_store.Leftovers());

        await SaveAndLoadAsync(name, expected);
    }

    /// <summary>Saved, removed and loaded again it is the same image; skopeo and another store can read the archive.</summary>
    private async Task SaveAndLoadAsync(string name, SortedDictionary<string, string> expected)
    {
        var before = _store.Get<ImageService>().Resolve(name);
        var archive = $"{_scratch}/saved.tar";
        using (var plan = _store.Get<ImageSaver>().Plan([name], platform: null))
        await using (var file = File.Create(archive))
        {
            await _store.Get<ImageSaver>().WriteAsync(plan, file, CancellationToken.None);
        }

        (await new Command("skopeo", "copy", "--insecure-policy", "-q", $"docker-archive:{archive}", $"oci:{_scratch}/copied:1").Within(TimeSpan.FromMinutes(2)).RunAsync()).Expect(0);
        _store.Get<ImageRemoval>().Remove(name, force: false, pruneParents: true);
        Assert.Throws<EngineException>(() => _store.Get<ImageService>().Resolve(name));

        var progress = new ProgressSink();
        await using (var file = File.OpenRead(archive))
        {
            await _store.Get<ImageLoader>().LoadAsync(file, platform: null, quiet: true, progress, CancellationToken.None);
        }

        progress.Complete();
        Assert.Equal([$"Loaded image: {name}\n"], await ImageStoreFixture.LinesAsync(progress));
        var after = _store.Get<ImageService>().Resolve(name);
        Assert.Equal((before.Id, before.ManifestDigest), (after.Id, after.ManifestDigest));
        FileTree.Merged(_store.LowerDirectories(name), _scratch, root => Assert.Equal(expected.Count, FileTree.List(root).Count));
    }

    // Added one by one as archives: "umoci repack" would walk all that is there for each.
    private void MakeImage(CancellationToken ct)
    {
        var image = $"{_scratch}/oci:big";
        FileTree.Run("umoci", "init", "--layout", $"{_scratch}/oci");
        FileTree.Run("umoci", "new", "--image", image);
        for (var layer = 0; layer < Layers; layer++)
        {
            ct.ThrowIfCancellationRequested();
            var (tree, archive) = ($"{_scratch}/layer{layer}", $"{_scratch}/layer{layer}.tar");
            Fill(tree, layer);
            FileTree.Run("tar", "--format=pax", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", tree, "-cf", archive, ".");
            FileTree.Run("umoci", "raw", "add-layer", "--image", image, archive);
        }
    }

    private static void Fill(string root, int layer)
    {
        var random = new Random(layer);
        var top = $"{root}/data/layer{layer}";
        for (var d = 0; d < DirectoriesPerLayer; d++)
        {
            var directory = $"{top}/dir{d}";
            Directory.CreateDirectory(directory);
            for (var f = 0; f < FilesPerDirectory; f++)
            {
                var content = new byte[random.Next(0, 600)];
                random.NextBytes(content);
                File.WriteAllBytes($"{directory}/f{f}", content);
            }

            File.CreateSymbolicLink($"{directory}/link", "f0");
            File.CreateSymbolicLink($"{directory}/dangling", "/nowhere/at/all");
            using var open = TreeFiles.OpenDirectory(directory);
            Assert.True(TreeFiles.TryLink(open, "f1"u8, open, "hard"u8));
        }

        FileTree.Run("chown", "33:44", $"{top}/dir0/f5", $"{top}/dir1");
        FileTree.Run("chmod", "4755", $"{top}/dir0/f6");
        FileTree.Run("chmod", "2775", $"{top}/dir2");
        FileTree.Run("chmod", "1777", $"{top}/dir3");
        FileTree.Run("touch", "-d", "1999-12-31T23:59:59.123456789Z", $"{top}/dir0/f7", $"{top}/dir4");
        FileTree.Run("setcap", "cap_net_raw+ep", $"{top}/dir0/f8");
        FileTree.Run("mknod", "-m", "640", $"{top}/device", "b", "7", "300");
        FileTree.Run("mkfifo", $"{top}/fifo");
        File.WriteAllText($"{top}/{new string('n', 200)} ünï", "long name");
        if (layer < 2)
        {
            return;
        }

        Directory.CreateDirectory($"{root}/data/layer{layer - 1}");
        File.WriteAllText($"{root}/data/layer{layer - 1}/.wh.dir10", "");
        Directory.CreateDirectory($"{root}/data/layer{layer - 2}/dir11");
        File.WriteAllText($"{root}/data/layer{layer - 2}/dir11/.wh.f3", "");
        Directory.CreateDirectory($"{root}/data/layer{layer - 2}/dir12");
        File.WriteAllText($"{root}/data/layer{layer - 2}/dir12/.wh..wh..opq", "");
        File.WriteAllText($"{root}/data/layer{layer - 2}/dir12/again", "made anew");
    }
}
