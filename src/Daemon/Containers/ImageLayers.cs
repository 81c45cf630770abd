using System.Text;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>What an image mount lays over one another.</summary>
internal static class ImageLayers
{
    /// <param name="layers">The image's layers, top first.</param>
    /// <returns>Directories to merge, top first; or one file.</returns>
    /// <exception cref="EngineException">InvalidArgument: the image has no such path.</exception>
    public static string[] Of(string[] layers, MountPlan.Image mount)
    {
        if (mount.Subpath is null)
        {
            return layers;
        }

        // A directory of the merged image is the merge of that directory in each layer; links are followed within the image.
        using var merged = new LowerLayers(layers);
        var found = merged.Places(Encoding.UTF8.GetBytes(mount.Subpath));
        return found.Count > 0
            ? [.. found.Select(place => Path.Combine(layers[place.Layer], Encoding.UTF8.GetString(place.Path)))]
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid mount config for type \"image\": cannot access path {mount.Subpath} of image {mount.Source}: no such file or directory");
    }
}
