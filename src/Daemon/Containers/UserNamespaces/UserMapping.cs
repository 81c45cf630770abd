using System.Globalization;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.UserNamespaces;

/// <summary>Who the ids of a container's user namespace are on the host; user_namespaces(7).</summary>
/// <param name="Uids">From id 0 of the container on, without gaps.</param>
/// <param name="OwnRange">The ids are this container's alone.</param>
internal sealed record UserMapping(IReadOnlyList<OciIdMapping> Uids, IReadOnlyList<OciIdMapping> Gids, bool OwnRange)
{
    /// <summary>One range, the same for users and groups.</summary>
    public static UserMapping Own(uint first, uint count)
    {
        OciIdMapping[] range = [new() { ContainerId = 0, HostId = first, Size = count }];
        return new UserMapping(range, range, OwnRange: true);
    }

    /// <summary>The number of groups that the container knows, which begin at 0.</summary>
    public uint GroupCount => (uint)Gids.Sum(range => range.Size);

    public bool Overlaps(uint first, uint count)
        => Uids.Concat(Gids).Any(range => range.HostId < (ulong)first + count && first < (ulong)range.HostId + range.Size);

    /// <summary>"container:host:size" each, with commas between: how it is kept.</summary>
    public static string Format(IReadOnlyList<OciIdMapping> mappings)
        => string.Join(',', mappings.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.ContainerId}:{m.HostId}:{m.Size}")));

    /// <exception cref="FormatException">Not made by <see cref="Format"/>.</exception>
    public static IReadOnlyList<OciIdMapping> Parse(string text) => [.. text.Split(',').Select(range => range.Split(':') is [var container, var host, var size]
        ? new OciIdMapping { ContainerId = Number(container), HostId = Number(host), Size = Number(size) }
        : throw new FormatException($"\"{range}\" is no id mapping"))];

    private static uint Number(string text) => uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
