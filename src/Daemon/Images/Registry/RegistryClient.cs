using Berth.Daemon.Hosting;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>The way to registries; a session is one request's talk about one repository.</summary>
internal sealed class RegistryClient(RegistryTransport transport, InForce<ImagesOptions> options, TimeProvider clock)
{
    /// <summary>To read from a repository.</summary>
    public RegistrySession Open(ImageReference repository, RegistryCredentials? credentials)
        => Open(repository, credentials, [$"repository:{repository.Path}:pull"]);

    /// <summary>To write to a repository.</summary>
    /// <param name="sources">Paths of repositories on the same registry that blobs may be mounted from.</param>
    public RegistrySession OpenToPush(ImageReference repository, RegistryCredentials? credentials, IEnumerable<string> sources)
        => Open(repository, credentials, [$"repository:{repository.Path}:pull,push", .. sources.Select(source => $"repository:{source}:pull")]);

    /// <summary>Tries credentials on a registry itself.</summary>
    /// <param name="domain">Such as "docker.io" or "registry.example.org:5000".</param>
    public RegistrySignIn OpenSignIn(string domain, RegistryCredentials credentials)
        => new(transport, new RegistryAuth(transport, [], credentials, clock), RegistryHost.For(domain, options.Value)[^1]);

    private RegistrySession Open(ImageReference repository, RegistryCredentials? credentials, IReadOnlyList<string> scopes)
        => new(transport, new RegistryAuth(transport, scopes, credentials, clock), RegistryHost.For(repository.Domain, options.Value), repository);
}
