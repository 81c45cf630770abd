using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network prune</c>.</summary>
internal static class NetworkPruneCommand
{
    private static readonly ListOption Filter = Opt.PruneFilter();
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not ask first");

    public static CommandSpec Define() => new()
    {
        Summary = "Remove all networks that no container is on",
        Options = [Filter, Force],
        Run = static call =>
        {
            if (!call.Get(Force) && !Confirmation.Ask(call, "This will remove all custom networks not used by at least one container."))
            {
                throw new CommandFailedException("network prune has been cancelled");
            }

            Prune.PrintNetworks(call, Prune.Send(call, "/networks/prune", call.Get(Filter)));
            return 0;
        },
    };
}
