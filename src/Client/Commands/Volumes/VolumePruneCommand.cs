using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Volumes;

/// <summary><c>berth volume prune</c>.</summary>
internal static class VolumePruneCommand
{
    private static readonly Switch All = Opt.Switch("all", 'a', "Remove volumes with a name of their own as well");
    private static readonly ListOption Filter = Opt.PruneFilter();
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not ask first");

    public static CommandSpec Define() => new()
    {
        Summary = "Remove volumes that no container uses",
        Description = "Only anonymous ones, unless --all is given. All that is in them is gone.",
        Options = [All, Filter, Force],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var filters = call.Get(Filter);
        if (call.Get(All) && filters.Any(static filter => filter.StartsWith("all=", StringComparison.Ordinal)))
        {
            throw new CommandFailedException("conflicting options: cannot specify both --all and --filter all=1");
        }

        var warning = call.Get(All) ? "This will remove all local volumes not used by at least one container." : "This will remove anonymous local volumes not used by at least one container.";
        if (!call.Get(Force) && !Confirmation.Ask(call, warning))
        {
            throw new CommandFailedException("volume prune has been cancelled");
        }

        Prune.PrintTotal(call, Prune.PrintVolumes(call, Prune.Send(call, "/volumes/prune", call.Get(All) ? [.. filters, "all=true"] : filters)));
        return 0;
    }
}
