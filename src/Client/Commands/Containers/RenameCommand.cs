using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth rename</c>.</summary>
internal static class RenameCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER NEW_NAME",
        Summary = "Give a container another name",
        Arguments = Arity.Exactly(2),
        Completes = Completes.Containers,
        Run = static call =>
        {
            call.Engine.Do("POST", new Query($"/containers/{Query.Segment(call.Arguments[0])}/rename").Add("name", call.Arguments[1]).ToString());
            return 0;
        },
    };
}
