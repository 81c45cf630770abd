using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth create</c>.</summary>
internal static class CreateCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE [COMMAND] [ARG...]",
        Summary = "Make a container without starting it",
        Description = "Takes the options of 'berth run'. Start the container later with 'berth start'.",
        Examples = ["berth create --name job busybox sh -c 'date; sleep 5' # Make it now, run it with 'berth start -a job'"],
        Options = ContainerOptions.All,
        Arguments = Arity.AtLeast(1),
        OptionsEndAtFirstArgument = true,
        UsageExitCode = 125,
        Completes = Completes.ImageThenFiles,
        Run = static call =>
        {
            call.Out.WriteLine(ContainerCreation.Create(call, new ContainerRequest(call, isDetached: false)));
            return 0;
        },
    };
}
