namespace Berth.Daemon.Images;

internal static class ImageEvents
{
    /// <summary>What Docker's image events carry: the image's labels, and its name.</summary>
    public static Dictionary<string, string> Attributes(ImageRecord image, string name)
        => new(image.Config.Config?.Labels ?? [], StringComparer.Ordinal) { ["name"] = name };
}
