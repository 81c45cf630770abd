using Berth.Client.CommandLine;
using Berth.Client.Engine;
using System.Text.Json;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth diff</c>.</summary>
internal static class DiffCommand
{
    private const string Letters = "CAD"; // by the API's numbers: modified, added, deleted

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER",
        Summary = "Show what a container changed of its image's files",
        Description = "A line for each path: A for added, C for changed, D for deleted.",
        Arguments = Arity.Exactly(1),
        Completes = Completes.Containers,
        Run = static call =>
        {
            if (call.Engine.GetJson($"/containers/{Query.Segment(call.Arguments[0])}/changes") is { ValueKind: JsonValueKind.Array } changes)
            {
                foreach (var change in changes.EnumerateArray())
                {
                    call.Out.WriteLine($"{Letters[change.GetProperty("Kind").GetInt32()]} {change.GetProperty("Path").GetString()}");
                }
            }

            return 0;
        },
    };
}
