using System.Text;
using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

/// <summary>uidMappings and gidMappings, user_namespaces(7).</summary>
internal static class IdMap
{
    /// <summary>The host's number for one of the container's; null when it has none. Without mappings the numbers are the same.</summary>
    public static uint? ToHost(OciIdMapping[]? mappings, uint id)
    {
        if (mappings is not { Length: > 0 })
        {
            return id;
        }

        foreach (var mapping in mappings)
        {
            if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size)
            {
                return mapping.HostId + (id - mapping.ContainerId);
            }
        }

        return null;
    }

    /// <summary>The text for /proc/PID/uid_map or gid_map, which takes it in one write.</summary>
    public static byte[] Format(OciIdMapping[] mappings)
    {
        var text = new StringBuilder();
        foreach (var mapping in mappings)
        {
            text.Append(mapping.ContainerId).Append(' ').Append(mapping.HostId).Append(' ').Append(mapping.Size).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
