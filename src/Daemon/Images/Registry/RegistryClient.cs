using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>The way to registries; a session is one request's talk about one repository.</summary>
internal sealed class RegistryClient(RegistryTransport transport, ImagesOptions options, TimeProvider clock)
{
    public RegistrySession Open(ImageReference repository, RegistryCredentials? credentials)
        => new(transport, new RegistryAuth(transport, repository, credentials, clock), RegistryHost.For(repository.Domain, options), repository);
}
