using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth port</c>.</summary>
internal static class PortCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [PORT[/PROTOCOL]]",
        Summary = "Show where a container's ports are published",
        Examples = ["berth port web 80 # The host's address and port for the container's port 80"],
        Arguments = Arity.Between(1, 2),
        Completes = Completes.RunningContainers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var name = call.Arguments[0];
        var ports = call.Engine.GetJson($"/containers/{Query.Segment(name)}/json").At("NetworkSettings").Members("Ports");
        if (call.Arguments.Count == 1)
        {
            foreach (var line in ports.SelectMany(static port => Addresses(port.Value).Select(address => (port.Name, address)))
                .OrderBy(static line => int.TryParse(line.Name.Split('/')[0], out var number) ? number : 0).ThenBy(static line => line.Name, StringComparer.Ordinal))
            {
                call.Out.WriteLine($"{line.Name} -> {line.address}");
            }

            return 0;
        }

        var wanted = call.Arguments[1].Contains('/', StringComparison.Ordinal) ? call.Arguments[1] : call.Arguments[1] + "/tcp";
        var found = ports.Where(port => port.Name == wanted).SelectMany(static port => Addresses(port.Value)).ToList();
        if (found.Count == 0)
        {
            throw new CommandFailedException($"no public port '{call.Arguments[1]}' published for {name}");
        }

        found.ForEach(call.Out.WriteLine);
        return 0;
    }

    private static IEnumerable<string> Addresses(System.Text.Json.JsonElement bindings) => bindings.AsItems().Select(static binding =>
    {
        var address = binding.Text("HostIp");
        return $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{binding.Text("HostPort")}";
    });
}
