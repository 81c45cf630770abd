using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Archives;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Archive;

/// <summary>A container's whole file tree as one archive: the image's and its own files, without volumes and other mounts.</summary>
internal sealed class ExportService(ContainerIndex containers, ContainerViews views, ContainerEvents events)
{
    /// <exception cref="Berth.Shared.Errors.EngineException">NotFound.</exception>
    public ContainerExport Open(string idOrName)
    {
        var container = containers.Resolve(idOrName).Record;
        var export = new ContainerExport(views.OpenToRead(container, withMounts: false));
        events.Publish("export", container);
        return export;
    }
}

internal sealed class ContainerExport(ContainerView view) : IDisposable
{
    /// <summary>Writes it. Blocks: for a thread of its own.</summary>
    public void Write(Stream output, CancellationToken ct)
    {
        var archiver = new TreeArchiver(output) { TakesAttribute = attribute => OverlayAttributes.MayBringFromArchive(attribute) };
        using var root = TreeFiles.OpenDirectoryInRoot(view.Root, []);
        archiver.AddContent(root, [], ct);
        archiver.Finish();
    }

    public void Dispose() => view.Dispose();
}
