using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>The words that clients print and test suites match.</summary>
internal static class ImageErrors
{
    public static EngineException NotFound(string name) => new(ErrorKind.NotFound, $"No such image: {name}");

    public static EngineException WrongPlatform(string name, Platform wanted, Platform actual) => new(ErrorKind.NotFound,
        $"image with reference {name} was found but its platform ({actual}) does not match the specified platform ({wanted})");

    public static EngineException NoMatchingManifest(Platform platform) => new(ErrorKind.NotFound,
        $"no matching manifest for {platform} in the manifest list entries");

    public static EngineException ManifestUnknown(ImageReference reference, string detail) => new(ErrorKind.NotFound,
        $"manifest for {reference.ToFamiliarString()} not found: {detail}");

    public static EngineException RepositoryUnknown(ImageReference reference, string detail) => new(ErrorKind.NotFound,
        $"repository {reference.FamiliarName} not found: {detail}");

    public static EngineException PullDenied(ImageReference reference, string detail) => new(ErrorKind.NotFound,
        $"pull access denied for {reference.FamiliarName}, repository does not exist or may require 'docker login': {detail}");

    public static EngineException InUseByRunning(string name, string containerId) => new(ErrorKind.Conflict,
        $"conflict: unable to delete {name} (cannot be forced) - image is being used by running container {Short(containerId)}");

    public static EngineException InUseByStopped(string name, string containerId) => new(ErrorKind.Conflict,
        $"conflict: unable to delete {name} (must be forced) - image is being used by stopped container {Short(containerId)}");

    public static EngineException ReferenceNeeded(string name, string containerId, string imageId) => new(ErrorKind.Conflict,
        $"conflict: unable to remove repository reference \"{name}\" (must force) - container {Short(containerId)} is using its referenced image {imageId}");

    public static EngineException BeingTaken(string id) => new(ErrorKind.Conflict,
        $"conflict: unable to delete {id} (cannot be forced) - image is about to be used by a request under way");

    public static EngineException SeveralRepositories(string id) => new(ErrorKind.Conflict,
        $"conflict: unable to delete {id} (must be forced) - image is referenced in multiple repositories");

    public static EngineException HasChildren(string id) => new(ErrorKind.Conflict,
        $"conflict: unable to delete {id} (cannot be forced) - image has dependent child images");

    public static EngineException AmbiguousPrefix(string prefix) => new(ErrorKind.InvalidArgument, $"image id prefix \"{prefix}\" matches more than one image");

    public static EngineException TagNeedsNoDigest() => new(ErrorKind.InvalidArgument, "refusing to create a tag with a digest reference");

    public static EngineException Malformed(string what, string detail) => new(ErrorKind.InvalidArgument, $"{what} is not valid: {detail}");

    public static EngineException DigestMismatch(string what, string expected, string actual) => new(ErrorKind.Internal,
        $"{what} is corrupt: expected digest {expected}, received {actual}");

    public static EngineException TooLarge(string what, long limit) => new(ErrorKind.InvalidArgument, $"{what} is larger than the {limit} bytes allowed");

    private static string Short(string containerId) => containerId.Length > 12 ? containerId[..12] : containerId;
}
