namespace Berth.Daemon.Images;

internal sealed record ImagesOptions
{
    /// <summary>Holds content/ and layers/.</summary>
    public required string DataRoot { get; init; }

    /// <summary>Hosts ("name", "name:port") or address ranges ("10.0.0.0/8") that may speak plain HTTP or show any certificate. Loopback is always one.</summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>URLs asked before Docker Hub, in this order.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    public int ConcurrentDownloads { get; init; } = 3;

    public int ConcurrentUploads { get; init; } = 5;

    /// <summary>Attempts per blob before the pull fails.</summary>
    public int DownloadAttempts { get; init; } = 5;
}
