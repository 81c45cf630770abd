using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth export</c>.</summary>
internal static class ExportCommand
{
    private static readonly ValueOption<string> OutputFile = new("output", 'o', "Write to this file instead of standard output", static text => text) { Completes = Completes.Files };

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER",
        Summary = "Write a container's files to an archive",
        Description = "The image's files as the container has changed them, without volumes and other mounts; 'berth import' makes an image of it.",
        Examples = ["berth export web | tar -t # What is in it", "berth export -o web.tar web # Into a file"],
        Options = [OutputFile],
        Arguments = Arity.Exactly(1),
        Completes = Completes.Containers,
        Run = static call =>
        {
            ArchiveOutput.RequireDestination(call, call.Get(OutputFile), "export");
            using var reply = call.Engine.Send("GET", $"/containers/{Query.Segment(call.Arguments[0])}/export");
            ArchiveOutput.Write(call, reply, call.Get(OutputFile));
            return 0;
        },
    };
}
