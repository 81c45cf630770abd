using Berth.Shared.Errors;

namespace Berth.Daemon.Images.Registry;

/// <summary>A registry said no; the caller, who knows what the user asked for, finds the words (<see cref="ImageErrors"/>).</summary>
internal sealed class RegistryException(RegistryFailure failure, ErrorKind kind, string message) : Exception(message)
{
    public RegistryFailure Failure { get; } = failure;

    /// <summary>In the words that Docker's clients know, for the image that was asked for.</summary>
    public EngineException For(Berth.Shared.References.ImageReference reference) => Failure switch
    {
        RegistryFailure.ManifestUnknown => ImageErrors.ManifestUnknown(reference, Message),
        RegistryFailure.NameUnknown => ImageErrors.RepositoryUnknown(reference, Message),
        RegistryFailure.Denied => ImageErrors.PullDenied(reference, Message),
        _ => new EngineException(kind, Message, this),
    };
}

internal enum RegistryFailure
{
    Other,
    ManifestUnknown,
    NameUnknown,
    Denied,
    Unauthorized,
    TooManyRequests,
}
