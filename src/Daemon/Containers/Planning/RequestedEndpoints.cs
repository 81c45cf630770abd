using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

/// <summary>The networks that a container is to be on, as its record keeps them: by name, the mode's own among them.</summary>
internal static class RequestedEndpoints
{
    /// <param name="networking">Of a create request.</param>
    /// <param name="mode">HostConfig.NetworkMode, "default" resolved.</param>
    /// <param name="nameOf">A network's name for its name or id; null when there is none, which its start will tell.</param>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static Dictionary<string, EndpointSettings> Of(NetworkingConfig? networking, string mode, Func<string, string?> nameOf)
    {
        var given = networking?.EndpointsConfig ?? [];
        var endpoints = new Dictionary<string, EndpointSettings>(StringComparer.Ordinal);
        foreach (var (network, settings) in given)
        {
            var name = network is "default" or NetworkRecord.DefaultName ? NetworkRecord.DefaultName : nameOf(network) ?? network;
            Check(name, settings);
            if (!endpoints.TryAdd(name, settings ?? new EndpointSettings()))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid NetworkingConfig.EndpointsConfig: network {name} is given twice");
            }
        }

        if (mode.StartsWith("container:", StringComparison.Ordinal))
        {
            endpoints.Remove(mode); // where some clients say the same again
            return endpoints;
        }

        // With networks given, the default one is none of them unless it is named; a user-defined network of the mode always is.
        if (endpoints.Count == 0 || mode is not ("bridge" or "host" or "none"))
        {
            endpoints.TryAdd(nameOf(mode) ?? mode, new EndpointSettings());
        }

        return endpoints;
    }

    /// <summary>What only new requests are refused for; what is kept was once accepted.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static void Check(string network, EndpointSettings? settings)
    {
        if (settings?.Aliases is { Count: > 0 } && network is "bridge" or "host" or "none")
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid config for network {network}: invalid endpoint settings:\nnetwork-scoped aliases are only supported for user-defined networks");
        }
    }

    /// <summary>Reads "container:alias", or a name that is both.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static (string Container, string Alias) ParseLink(string field, string text)
    {
        return ContainerLinks.Parse(text) is { } link && !link.Alias.Any(char.IsWhiteSpace)
            ? (link.Container.TrimStart('/'), link.Alias)
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid {field} \"{text}\": bad format for links: it is container:alias");
    }
}
