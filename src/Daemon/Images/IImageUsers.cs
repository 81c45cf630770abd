namespace Berth.Daemon.Images;

/// <summary>Who uses an image; implemented by the features that run from images, so that removal can refuse.</summary>
internal interface IImageUsers
{
    IReadOnlyList<ImageUse> UsersOf(string imageId);
}

/// <param name="Running">A running user keeps its image even from a forced removal.</param>
internal sealed record ImageUse(string ContainerId, bool Running);
