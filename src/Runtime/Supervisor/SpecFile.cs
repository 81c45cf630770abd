using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Supervisor;

/// <summary>The bundle's config.json.</summary>
internal static class SpecFile
{
    /// <exception cref="LaunchException">It is missing, or no runtime configuration.</exception>
    public static OciSpec Read(string bundlePath)
    {
        const string step = "read config.json";
        var path = Path.Combine(bundlePath, "config.json");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RuntimeSpecJson.Default.OciSpec)
                ?? throw new LaunchException(step, Errno.EINVAL, $"{path} holds no runtime configuration");
        }
        catch (JsonException malformed)
        {
            throw new LaunchException(step, Errno.EINVAL, $"{path} is no runtime configuration: {malformed.Message}", inner: malformed);
        }
        catch (IOException unread)
        {
            throw new LaunchException(step, Errno.None, unread.Message, inner: unread);
        }
    }
}
