using Berth.Daemon.Images;
using Berth.Daemon.Storage;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("berth-images-").FullName;
    private readonly Database _database;
    private readonly ImageStore _store;

    public ImageStoreTests()
    {
        _database = Database.Open(Path.Combine(_directory, "berth.db"), [new ImageMigrations()]);
        _store = new ImageStore(_database);
    }

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void AddImage_ThenFind_GivesItBack()
    {
        var image = Add("a", ["l1", "l2"], "busybox:1");

        var found = _store.Find(image.Id)!;

        Assert.Equal(image.Layers, found.Layers);
        Assert.Equal("sh", found.Config.Config!.Cmd![0]);
        Assert.Equal(image.Id, _store.FindByTag("docker.io/library/busybox", "1"));
        Assert.NotNull(found.LastTaggedAt);
    }

    [Fact]
    public void Tag_OfATakenName_MovesIt()
    {
        var first = Add("a", ["l1"], "busybox:1");
        var second = Add("b", ["l1"], "other:1");

        var before = _store.Tag(second.Id, ImageReference.Parse("busybox:1"), DateTimeOffset.UnixEpoch);

        Assert.Equal(first.Id, before);
        Assert.Equal(second.Id, _store.FindByTag("docker.io/library/busybox", "1"));
        Assert.Empty(_store.Names(first.Id));
        Assert.Equal(2, _store.Names(second.Id).Count);
    }

    [Fact]
    public void RemoveImage_WithASharedLayer_KeepsWhatTheOtherStandsOn()
    {
        var first = Add("a", ["l1", "l2"], "one:1");
        var second = Add("b", ["l1", "l3"], "two:1");

        var (layers, blobs) = _store.RemoveImage(first, _ => false);

        Assert.Equal([Id("l2")], layers);
        Assert.Contains(Digest.Parse(Id("blob-l2")), blobs);
        Assert.DoesNotContain(Digest.Parse(Id("blob-l1")), blobs);
        Assert.Null(_store.Find(first.Id));
        Assert.NotNull(_store.Find(second.Id));
    }

    [Fact]
    public void RemoveImage_WhenALayerIsHeld_KeepsIt()
    {
        var image = Add("a", ["l1", "l2"], "one:1");

        var (layers, _) = _store.RemoveImage(image, chain => chain == Id("l1"));

        Assert.Equal([Id("l2")], layers);
        Assert.True(_store.LayerExists(Id("l1")));
        Assert.Equal([Id("l1")], _store.RemoveUnusedLayers(DateTimeOffset.MaxValue, _ => false));
    }

    [Fact]
    public void FindByPrefix_OfSeveral_GivesTwo()
    {
        Add("a", [], "one:1");
        Add("b", [], "two:1");

        Assert.Equal(2, _store.FindByPrefix("").Count);
        Assert.Single(_store.FindByPrefix(Id("a")[7..15]));
        Assert.Empty(_store.FindByPrefix("0000000000000000"));
    }

    [Fact]
    public void Holds_TakenTwice_EndWithTheSecondRelease()
    {
        var holds = new ContentHolds();
        var first = holds.Take("x");
        var second = holds.Take("x");

        first.Dispose();
        first.Dispose();

        Assert.True(holds.IsHeld("x"));
        second.Dispose();
        Assert.False(holds.IsHeld("x"));
    }

    private static string Id(string text) => Digest.OfSha256(System.Text.Encoding.ASCII.GetBytes(text)).ToString();

    private ImageRecord Add(string id, string[] layers, string name)
    {
        var image = new ImageRecord
        {
            Id = Id(id),
            Config = new OciImage(),
            RawConfig = """{"config":{"Cmd":["sh"]}}"""u8.ToArray(),
            ManifestDigest = Digest.Parse(Id("manifest-" + id)),
            ManifestMediaType = MediaTypes.OciManifest,
            Layers = layers.Select(layer => new ImageLayer(Id(layer), Id("diff-" + layer), 10, Digest.Parse(Id("blob-" + layer)), MediaTypes.OciLayerGzip, 5)).ToList(),
            StoredAt = DateTimeOffset.UnixEpoch,
        };
        foreach (var layer in image.Layers)
        {
            _store.AddLayer(layer.ChainId, layer.DiffId, null, layer.SizeBytes, DateTimeOffset.UnixEpoch);
        }

        _store.AddImage(image, image.Layers.Select(layer => layer.Blob).Append(image.ManifestDigest), [ImageReference.Parse(name)]);
        return image;
    }
}
