using System.Text.Json;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>The parameter "platform": a JSON object where newer endpoints take one, or the "os/arch" text of older ones.</summary>
internal static class PlatformValue
{
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static Platform? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (!text.StartsWith('{'))
        {
            return Platform.Parse(text);
        }

        try
        {
            return JsonSerializer.Deserialize(text, ImageSpecJson.Default.OciPlatform)?.ToPlatform()
                ?? throw new EngineException(ErrorKind.InvalidArgument, "platform: both os and architecture must be given");
        }
        catch (JsonException error)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"failed to parse platform: {error.Message}", error);
        }
    }
}
