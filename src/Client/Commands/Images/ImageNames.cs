using Berth.Client.CommandLine;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Client.Commands.Images;

/// <summary>Image names as users write them.</summary>
internal static class ImageNames
{
    /// <exception cref="CommandFailedException">Not an image's name.</exception>
    public static ImageReference Parse(string text)
    {
        try
        {
            return ImageReference.Parse(text);
        }
        catch (EngineException wrong)
        {
            throw new CommandFailedException(wrong.Message, inner: wrong);
        }
    }

    /// <summary>The name with the tag it stands for, as users know it: <c>busybox:latest</c>.</summary>
    public static string WithTag(string text) => ImageReference.TryParse(text, out var name) ? name.WithDefaultTag().ToFamiliarString() : text;
}
