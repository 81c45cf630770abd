using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth container prune</c>.</summary>
internal static class ContainerPruneCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not ask first");
    private static readonly ListOption Filter = Opt.PruneFilter();

    public static CommandSpec Define() => new()
    {
        Summary = "Remove all stopped containers",
        Options = [Force, Filter],
        Run = static call =>
        {
            if (!call.Get(Force) && !Confirmation.Ask(call, "This will remove all stopped containers."))
            {
                throw new CommandFailedException("container prune has been cancelled");
            }

            Prune.PrintTotal(call, Prune.PrintContainers(call, Prune.Send(call, "/containers/prune", call.Get(Filter))));
            return 0;
        },
    };
}
