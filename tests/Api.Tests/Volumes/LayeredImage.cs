using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Berth.Kit;

namespace Berth.Api.Tests.Volumes;

/// <summary>An image of two layers with a /data that both have a part in: owners, modes and links to be kept, a file that the upper one deletes.</summary>
internal static class LayeredImage
{
    public const string Name = "layered:latest";

    public static async Task LoadAsync(TestDaemon daemon, TemporaryDirectory scratch)
    {
        var busybox = await File.ReadAllBytesAsync(Kit.Host.Find("busybox")!);
        var lower = Layer(tar =>
        {
            Add(tar, "bin/", TarEntryType.Directory, mode: 493);
            Add(tar, "bin/busybox", TarEntryType.RegularFile, busybox, mode: 493);
            Add(tar, "bin/sh", TarEntryType.SymbolicLink, link: "busybox");
            Add(tar, "data/", TarEntryType.Directory, mode: 488, uid: 33, gid: 44);
            Add(tar, "data/below", TarEntryType.RegularFile, "below"u8.ToArray(), mode: 416, uid: 33);
            Add(tar, "data/deleted", TarEntryType.RegularFile, "gone"u8.ToArray());
            Add(tar, "data/hard", TarEntryType.HardLink, link: "data/below");
            Add(tar, "data/soft", TarEntryType.SymbolicLink, link: "below");
            Add(tar, "data/sub/", TarEntryType.Directory);
            Add(tar, "data/sub/old", TarEntryType.RegularFile, "old"u8.ToArray());
            Add(tar, "way", TarEntryType.SymbolicLink, link: "data");
            Add(tar, "file", TarEntryType.RegularFile, "just a file"u8.ToArray());
        });
        var upper = Layer(tar =>
        {
            Add(tar, "data/", TarEntryType.Directory, mode: 488, uid: 33, gid: 44);
            Add(tar, "data/.wh.deleted", TarEntryType.RegularFile, []);
            Add(tar, "data/above", TarEntryType.RegularFile, "above"u8.ToArray(), mode: 2541, uid: 7); // setuid, as a mode of 4755
            Add(tar, "data/sub/", TarEntryType.Directory);
            Add(tar, "data/sub/new", TarEntryType.RegularFile, "new"u8.ToArray());
        });
        var config = Encoding.UTF8.GetBytes(
            $$"""{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/busybox","sh"],"Env":["PATH=/bin"],"Volumes":{"/implied":{} } },"rootfs":{"type":"layers","diff_ids":["{{Digest(lower)}}","{{Digest(upper)}}"] } }""");
        var manifest = Encoding.UTF8.GetBytes($$"""[{"Config":"config.json","RepoTags":["{{Name}}"],"Layers":["lower.tar","upper.tar"]}]""");
        await File.WriteAllBytesAsync(scratch["layered.tar"], Layer(tar =>
        {
            Add(tar, "config.json", TarEntryType.RegularFile, config);
            Add(tar, "lower.tar", TarEntryType.RegularFile, lower);
            Add(tar, "upper.tar", TarEntryType.RegularFile, upper);
            Add(tar, "manifest.json", TarEntryType.RegularFile, manifest);
        }));
        await daemon.LoadAsync(scratch["layered.tar"]);
    }

    private static byte[] Layer(Action<TarWriter> fill)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            fill(tar);
        }

        return bytes.ToArray();
    }

    private static void Add(TarWriter tar, string name, TarEntryType type, byte[]? content = null, int mode = 420, int uid = 0, int gid = 0, string? link = null)
    {
        var entry = new PaxTarEntry(type, name) { Mode = (UnixFileMode)(type == TarEntryType.Directory && mode == 420 ? 493 : mode), Uid = uid, Gid = gid };
        if (link is not null)
        {
            entry.LinkName = link;
        }

        if (content is not null)
        {
            entry.DataStream = new MemoryStream(content);
        }

        tar.WriteEntry(entry);
    }

    private static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
