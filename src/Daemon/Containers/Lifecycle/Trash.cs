using System.Text;
using System.Threading.Channels;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Directories that are nobody's any more: renamed away at once, deleted in the background, and after a crash at the next start.</summary>
internal sealed class Trash(ContainerPaths paths, ILogger<Trash> log) : BackgroundService
{
    private readonly Channel<string> _names = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private long _count;

    /// <summary>Takes a directory of the data root away; one that is gone already is fine.</summary>
    public void Discard(string directory)
    {
        var name = $"{Path.GetFileName(directory)}.{Interlocked.Increment(ref _count)}.{Environment.ProcessId}";
        try
        {
            Directory.Move(directory, Path.Combine(paths.Trash, name));
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        _names.Writer.TryWrite(name);
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        DirectoryMaker.Private(paths.Trash);
        foreach (var left in Directory.EnumerateFileSystemEntries(paths.Trash))
        {
            _names.Writer.TryWrite(Path.GetFileName(left));
        }

        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var name in _names.Reader.ReadAllAsync(stoppingToken))
        {
            await Task.Run(() => Delete(name), stoppingToken);
        }
    }

    private void Delete(string name)
    {
        try
        {
            // By descriptor and bytes: a container's file names need not be text, and its links lead nowhere from here.
            using var trash = FilesAt.Open(paths.Trash, OpenFlags.ReadOnly | OpenFlags.Directory);
            TreeFiles.RemoveTree(trash, Encoding.UTF8.GetBytes(name));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.DeleteFailed(Path.Combine(paths.Trash, name), error);
        }
    }
}
