using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Volumes;
using Berth.Kernel.Tests.Images;
using Berth.Kit;
using Berth.Shared.Linux;

namespace Berth.Kernel.Tests.Volumes;

public sealed class TreeCopyTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new();

    public TreeCopyTests() => Assert.SkipUnless(Kit.Host.IsRoot && Kit.Host.Find("python3") is not null, "needs root (device nodes, owners, mounts) and python3");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Copy_WithinAFileSystem_KeepsEverything()
    {
        await FillAsync(_scratch["from"]);
        Directory.CreateDirectory(_scratch["to"]);

        Copy(_scratch["from"], _scratch["to"]);

        Assert.Equal(FileTree.List(_scratch["from"]), FileTree.List(_scratch["to"]));
    }

    [Fact]
    public async Task Copy_FromMergedLayersToADisk_KeepsEverything()
    {
        // Two file systems: the kernel's own copying between files does not cross that line.
        await FillAsync(_scratch["from"]);
        Directory.CreateDirectory(_scratch["other"]);
        Directory.CreateDirectory(_scratch["to"]);

        using (var view = RootView.Open([_scratch["from"], _scratch["other"]]))
        using (var from = TreeFiles.TryOpenDirectoryInRoot(view, "."u8, out _)!)
        using (var to = TreeFiles.OpenDirectory(_scratch["to"]))
        {
            TreeCopy.Copy(from, to);
        }

        Assert.Equal(FileTree.List(_scratch["from"]), FileTree.List(_scratch["to"]));
    }

    private static void Copy(string source, string target)
    {
        using var from = TreeFiles.OpenDirectory(source);
        using var to = TreeFiles.OpenDirectory(target);
        TreeCopy.Copy(from, to);
    }

    private static async Task FillAsync(string root)
    {
        Directory.CreateDirectory(root);
        (await new Command("sh", "-ec",
            """
            cd "$0"
            printf text > plain; chmod 4751 plain; chown 12:34 plain
            ln plain hard; ln -s plain soft; ln -s /nowhere dangling; chown -h 5:6 soft
            mkdir -m 1777 dir; printf x > dir/inner; touch -d '2001-02-03 04:05:06.789' dir/inner dir
            mknod pipe p; mknod null c 1 3; chmod 666 null
            truncate -s 3M sparse; printf end >> sparse
            setfattr -n user.note -v hello plain 2> /dev/null || python3 -c "import os; os.setxattr('plain', 'user.note', b'hello')"
            chmod 2750 .; chown 7:8 .
            """, root).RunAsync()).Expect(0);
    }
}
