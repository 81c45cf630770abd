using Berth.Daemon.Containers.Archive;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Archives;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Commit;

/// <summary>Makes images of containers: what a container changed becomes a layer above its image's.</summary>
internal sealed class CommitService(
    ContainerIndex containers, ContainerPaths paths, ContainerLifecycle lifecycle, ContainerChanges changes, ImageService images,
    ImageCommitter committer, ContentStore content, ContainerEvents events)
{
    /// <returns>The image's id.</returns>
    /// <exception cref="Shared.Errors.EngineException">NotFound; InvalidArgument: an instruction of the changes; Conflict: the container is being restarted.</exception>
    public async Task<string> CommitAsync(string idOrName, CommitRequest request, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        var container = cell.Record;
        var own = CommittedConfig.From(container.Config);
        var given = request.Config is null ? own : CommittedConfig.From(request.Config);
        var config = CommittedConfig.Fill(ConfigChanges.Apply(given, request.Changes), own);
        var (image, hold) = images.ResolveAndHold(container.ImageId, platform: null);
        using (hold)
        {
            var layer = await WriteLayerAsync(cell, request.Pauses, ct);
            try
            {
                var id = await committer.CommitAsync(
                    new NewImage
                    {
                        Base = image,
                        Layer = layer,
                        Config = config,
                        Author = request.Author,
                        Comment = request.Comment,
                        CreatedBy = string.Join(' ', container.Config.Cmd ?? []),
                        Name = request.Name,
                    },
                    ct);
                events.Publish("commit", container, ("comment", request.Comment), ("imageID", id), ("imageRef", request.Name?.ToFamiliarString() ?? ""));
                return id;
            }
            finally
            {
                layer?.Delete();
            }
        }
    }

    /// <returns>The layer's archive; null when the container changed nothing.</returns>
    private async Task<SpooledFile?> WriteLayerAsync(ContainerCell cell, bool pauses, CancellationToken ct)
    {
        var paused = pauses && cell.Record.State is ContainerState.Running;
        if (paused)
        {
            await lifecycle.PauseAsync(cell.Id, ct);
        }

        try
        {
            return await Task.Factory.StartNew(() => WriteLayer(cell.Record, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            if (paused)
            {
                await lifecycle.UnpauseAsync(cell.Id, CancellationToken.None);
            }
        }
    }

    private SpooledFile? WriteLayer(ContainerRecord container, CancellationToken ct)
    {
        var layer = changes.Layer(container);
        long members = 0;
        var file = SpooledFile.Write(content, output =>
        {
            var archiver = new TreeArchiver(output) { AsLayer = true, IsLeftOut = layer.LeftOut.Contains, TakesAttribute = attribute => OverlayAttributes.MayBringFromArchive(attribute) };
            using var upper = TreeFiles.OpenDirectory(paths.Diff(container.Id));
            archiver.AddContent(upper, [], ct);
            archiver.Finish();
            members = archiver.Members;
        });
        if (members > 0)
        {
            return file;
        }

        file.Delete();
        return null;
    }
}
