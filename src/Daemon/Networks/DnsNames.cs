namespace Berth.Daemon.Networks;

/// <summary>All names that a container has on a network with a name service, in the order that the API shows.</summary>
internal static class DnsNames
{
    private const int ShortIdLength = 12;

    /// <param name="hostname">Null when none was set.</param>
    public static IReadOnlyList<string> Of(string containerName, string containerId, IReadOnlyList<string> aliases, string? hostname)
    {
        string[] names = [containerName, .. aliases, containerId[..ShortIdLength], .. hostname is { Length: > 0 } ? new[] { hostname } : []];
        return [.. names.Distinct(StringComparer.Ordinal)];
    }
}
