using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands;

/// <summary><c>berth inspect</c>: whatever has the name.</summary>
internal static class InspectCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();
    private static readonly Switch Size = Opt.Switch("size", 's', "Show how much a container has written");
    private static readonly ValueOption<string> Type = Opt.Choice("type", "Look only among objects of this type", "container", "image", "network", "volume");

    public static CommandSpec Define() => new()
    {
        Operands = "NAME|ID [NAME|ID...]",
        Summary = "Show everything about containers, images, networks or volumes",
        Examples =
        [
            "berth inspect -f '{{.State.ExitCode}}' job # One value",
            "berth inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' db # One value of each item",
            "berth inspect -f '{{index .Config.Labels \"com.example.team\"}}' web # A key that holds dots",
        ],
        Options = [Format, Size, Type],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = static call => Inspection.Run(call, call.Get(Format), name => Find(call, name)),
    };

    private static ReadOnlyMemory<byte> Find(Invocation call, string name)
    {
        var size = call.Get(Size) ? "?size=1" : "";
        (string Type, string Target)[] places =
        [
            ("container", $"/containers/{Query.Segment(name)}/json{size}"),
            ("image", $"/images/{Query.ImagePath(name)}/json"),
            ("network", $"/networks/{Query.Segment(name)}"),
            ("volume", $"/volumes/{Query.Segment(name)}"),
        ];
        var wanted = call.Get(Type);
        if (wanted is not (null or "" or "container" or "image" or "network" or "volume"))
        {
            throw new UsageException($"\"{wanted}\" is not a valid value for --type", call.Command);
        }

        foreach (var (type, target) in places)
        {
            if (!string.IsNullOrEmpty(wanted) && type != wanted)
            {
                continue;
            }

            try
            {
                using var reply = call.Engine.Send("GET", target);
                return reply.ReadBytes();
            }
            catch (EngineReplyException missing) when (missing.Status == 404 || (missing.Status == 400 && type != "container"))
            {
                if (type == wanted)
                {
                    throw new CommandFailedException(missing.Message, inner: missing);
                }
            }
        }

        throw new CommandFailedException($"Error: No such object: {name}");
    }
}
