using System.Net;
using System.Net.Sockets;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Daemon.Networks;

/// <summary>One wish to publish a container's port on the host.</summary>
/// <param name="HostAddress">Null: the daemon's default address.</param>
/// <param name="FirstHostPort">0: any free port; else the lowest acceptable one.</param>
/// <param name="LastHostPort">The highest acceptable one; equal to the first for a fixed port.</param>
internal sealed record PortRequest(ContainerPort Container, IPAddress? HostAddress, ushort FirstHostPort, ushort LastHostPort)
{
    /// <summary>Reads the port fields of Docker's HostConfig and Config; to be called when a container is created, so that a mistake is told then.</summary>
    /// <param name="bindings">HostConfig.PortBindings: "80/tcp" to (host address, host port), both may be empty.</param>
    /// <param name="exposed">Keys of Config.ExposedPorts, the image's included.</param>
    /// <param name="publishAll">HostConfig.PublishAllPorts: every exposed port that has no binding gets a free host port.</param>
    /// <exception cref="EngineException">InvalidArgument: a port, address or protocol that is none; SCTP on a kernel without it.</exception>
    public static IReadOnlyList<PortRequest> Parse(
        IEnumerable<KeyValuePair<string, IReadOnlyList<(string HostAddress, string HostPort)>>> bindings, IEnumerable<string> exposed, bool publishAll)
    {
        var requests = new List<PortRequest>();
        foreach (var (containerPorts, hosts) in bindings)
        {
            foreach (var port in ContainerPort.Parse(containerPorts))
            {
                // A key without bindings asks for a free port, as `-p 80` does.
                IReadOnlyList<(string HostAddress, string HostPort)> wanted = hosts is { Count: > 0 } ? hosts : [("", "")];
                requests.AddRange(wanted.Select(host => Parse(port, host.HostAddress, host.HostPort)));
            }
        }

        if (publishAll)
        {
            var bound = requests.Select(request => request.Container).ToHashSet();
            requests.AddRange(exposed.SelectMany(ContainerPort.Parse).Distinct().Where(port => !bound.Contains(port))
                .Select(port => new PortRequest(port, HostAddress: null, 0, 0)));
        }

        if (requests.Find(request => request.Container.Protocol == PortProtocol.Sctp) is { } sctp && !PortSockets.Supports((byte)PortProtocol.Sctp))
        {
            throw NetworkErrors.UnsupportedProtocol(sctp.Container);
        }

        // Fixed ports first: a free one must not be taken from under a request that names it.
        return [.. requests.OrderBy(request => request.FirstHostPort == 0 ? 2 : request.FirstHostPort == request.LastHostPort ? 0 : 1)
            .ThenBy(request => request.Container.Port)];
    }

    private static PortRequest Parse(ContainerPort container, string hostAddress, string hostPort)
    {
        var (first, last) = hostPort.Length == 0 ? ((ushort)0, (ushort)0) : ContainerPort.ParseRange(hostPort, hostPort);
        if (first == 0 && last != 0)
        {
            throw NetworkErrors.InvalidPort(hostPort);
        }

        if (hostAddress.Length == 0)
        {
            return new PortRequest(container, HostAddress: null, first, last);
        }

        // IPAddress.Parse also reads "1.2" and "0x7f000001"; nobody means those here.
        var text = hostAddress.Trim('[', ']');
        if (!IPAddress.TryParse(text, out var address) || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
        {
            throw NetworkErrors.InvalidHostAddress(hostAddress);
        }

        return new PortRequest(container, address, first, last);
    }
}
