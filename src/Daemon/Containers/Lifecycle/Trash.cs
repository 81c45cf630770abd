using System.Text;
using System.Threading.Channels;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Directories that are nobody's any more: renamed away at once, deleted in the background, and after a crash at the next start.</summary>
internal sealed class Trash(ContainerPaths paths, ILogger<Trash> log) : BackgroundService
{
    private readonly Channel<string> _discarded = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private long _count;

    /// <summary>Takes a container's or volume's directory away; one that is gone already is fine.</summary>
    public void Discard(string directory)
    {
        // Beside it: a rename does not leave the file system.
        var place = Path.Combine(Path.GetDirectoryName(directory)!, ".trash");
        var discarded = Path.Combine(place, $"{Path.GetFileName(directory)}.{Interlocked.Increment(ref _count)}.{Environment.ProcessId}");
        if (!Directory.Exists(directory))
        {
            return;
        }

        DirectoryMaker.Private(place);
        Directory.Move(directory, discarded);
        _discarded.Writer.TryWrite(discarded);
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var place in (string[])[paths.Trash, paths.VolumeTrash])
        {
            DirectoryMaker.Private(place);
            foreach (var left in Directory.EnumerateFileSystemEntries(place))
            {
                _discarded.Writer.TryWrite(left);
            }
        }

        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var path in _discarded.Reader.ReadAllAsync(stoppingToken))
        {
            await Task.Run(() => Delete(path), stoppingToken);
        }
    }

    private void Delete(string path)
    {
        try
        {
            // By descriptor and bytes: a container's file names need not be text, and its links lead nowhere from here.
            using var trash = FilesAt.Open(Path.GetDirectoryName(path)!, OpenFlags.ReadOnly | OpenFlags.Directory);
            TreeFiles.RemoveTree(trash, Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.DeleteFailed(path, error);
        }
    }
}
