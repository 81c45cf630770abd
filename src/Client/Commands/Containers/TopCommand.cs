using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth top</c>.</summary>
internal static class TopCommand
{
    private const int ColumnPadding = 3;
    private const int NarrowestColumn = 20;

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [ps OPTIONS]",
        Summary = "Show a container's processes",
        Examples = ["berth top web -o pid,rss,args # Choose the columns as with ps"],
        Arguments = Arity.AtLeast(1),
        OptionsEndAtFirstArgument = true,
        Completes = Completes.RunningContainers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var arguments = call.Arguments.Count > 1 ? string.Join(' ', call.Arguments.Skip(1)) : null;
        var result = call.Engine.GetJson(new Query($"/containers/{Query.Segment(call.Arguments[0])}/top").Add("ps_args", arguments).ToString());
        var table = new TextTable(NarrowestColumn, ColumnPadding);
        table.Add([.. result.Texts("Titles")]);
        foreach (var process in result.Items("Processes"))
        {
            table.Add([.. process.AsItems().Select(JsonValues.AsText)]);
        }

        table.WriteTo(call.Out);
        return 0;
    }
}
