using System.Buffers;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network connect</c>.</summary>
internal static class NetworkConnectCommand
{
    private static readonly ListOption Alias = Opt.List("alias", "A further name of the container on this network");
    private static readonly ListOption DriverOption = Opt.List("driver-opt", "Set an option of the driver for this connection, as key=value");
    private static readonly ValueOption<long> GatewayPriority = Opt.Integer("gw-priority", "The network with the highest number is the way out; 0 when not given");
    private static readonly ValueOption<string> Ip = Opt.Text("ip", "IPv4 address of the container on this network");
    private static readonly ValueOption<string> Ip6 = Opt.Text("ip6", "IPv6 address of the container on this network");
    private static readonly ListOption Link = Opt.List("link", "Reach another container by a name, as CONTAINER[:name]");
    private static readonly ListOption LinkLocalIp = Opt.List("link-local-ip", "Add a link-local address");

    public static CommandSpec Define() => new()
    {
        Operands = "NETWORK CONTAINER",
        Summary = "Connect a container to a network, while it runs or before",
        Examples =
        [
            "berth network connect shop web # From now on the containers there find it as 'web'",
            "berth network connect --alias db --ip 10.5.0.7 shop postgres # With another name and an address of its own",
        ],
        Options = [Alias, DriverOption, GatewayPriority, Ip, Ip6, Link, LinkLocalIp],
        Arguments = Arity.Exactly(2),
        Completes = Completes.NetworkThenContainer,
        Run = static call =>
        {
            call.Engine.Do("POST", $"/networks/{Query.Segment(call.Arguments[0])}/connect", Body(call).Span);
            return 0;
        },
    };

    private static ReadOnlyMemory<byte> Body(Invocation call)
    {
        // Without a name: which network it is says the path.
        var endpoint = new NetworkSpec
        {
            Name = "EndpointConfig",
            Address = call.Get(Ip),
            Address6 = call.Get(Ip6),
            GatewayPriority = call.Get(GatewayPriority),
        };
        endpoint.Aliases.AddRange(call.Get(Alias));
        endpoint.Links.AddRange(call.Get(Link).Select(LinkSpec.Parse));
        endpoint.LinkLocalAddresses.AddRange(call.Get(LinkLocalIp));
        endpoint.DriverOptions.AddRange(call.Get(DriverOption));

        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("Container", call.Arguments[1]);
            endpoint.Write(json);
            json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }
}
