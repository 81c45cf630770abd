using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Storage;
using Berth.Shared.Linux;
using Berth.Shared.References;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Berth.Kernel.Tests.Images;

/// <summary>The images feature over a data root of its own, without a server before it. Can be stopped and started again over the same data.</summary>
internal sealed class ImageStoreFixture : IDisposable
{
    private ServiceProvider _services;

    public ImageStoreFixture()
    {
        Root = Directory.CreateTempSubdirectory("berth-images-").FullName;
        _services = Start();
        Get<ContentStore>();
    }

    public string Root { get; }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>As if the daemon had been started anew.</summary>
    public async Task RestartAsync()
    {
        await _services.DisposeAsync();
        _services = Start();
        await Get<ImageCollector>().StartAsync(CancellationToken.None);
        await Get<ImageCollector>().StopAsync(CancellationToken.None);
    }

    /// <returns>The lines of progress.</returns>
    public async Task<List<string>> PullAsync(string name, CancellationToken ct = default)
    {
        var progress = new ProgressSink();
        try
        {
            await Get<ImagePuller>().PullAsync(ImageReference.Parse(name).WithDefaultTag(), platform: null, credentials: null, progress, ct);
        }
        finally
        {
            progress.Complete();
        }

        return await LinesAsync(progress);
    }

    public static async Task<List<string>> LinesAsync(ProgressSink progress)
    {
        var lines = new List<string>();
        await foreach (var line in progress.Lines.ReadAllAsync())
        {
            lines.Add(line.Stream ?? $"{line.Id}: {line.Status}");
        }

        return lines;
    }

    public string[] LowerDirectories(string name) => Get<SnapshotService>().LowerDirectories(Get<ImageService>().Resolve(name));

    /// <summary>What is on disk of the store: nothing half-made may be among it.</summary>
    public string[] Leftovers() =>
    [
        .. Directory.EnumerateFileSystemEntries(Path.Combine(Root, "layers", "incoming")),
        .. Directory.EnumerateFileSystemEntries(Path.Combine(Root, "content", "incoming")),
    ];

    public void Dispose()
    {
        _services.Dispose();
        using var parent = TreeFiles.OpenDirectory(Path.GetDirectoryName(Root)!);
        TreeFiles.RemoveTree(parent, System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(Root)));
    }

    private ServiceProvider Start() => new ServiceCollection()
        .AddLogging()
        .AddSingleton(TimeProvider.System)
        .AddSingleton(new DaemonOptions { DataRoot = Root })
        .AddStorage(Path.Combine(Root, "berth.db"))
        .AddEvents()
        .AddImages()
        .BuildServiceProvider();
}
