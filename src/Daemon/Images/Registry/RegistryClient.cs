using Berth.Daemon.Hosting;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>The way to registries; a session is one request's talk about one repository.</summary>
internal sealed class RegistryClient(RegistryTransport transport, InForce<ImagesOptions> options, TimeProvider clock)
{
    public RegistrySession Open(ImageReference repository, RegistryCredentials? credentials)
        => new(transport, new RegistryAuth(transport, repository, credentials, clock), RegistryHost.For(repository.Domain, options.Value), repository);
}
