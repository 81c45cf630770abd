using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth system prune</c>.</summary>
internal static class SystemPruneCommand
{
    private const int NotFound = 404;
    private const int NotImplemented = 501;

    private static readonly Switch All = Opt.Switch("all", 'a', "Remove every image that no container uses, named or not");
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not ask first");
    private static readonly ListOption Filter = Opt.PruneFilter();
    private static readonly Switch Volumes = Opt.Switch("volumes", "Remove anonymous volumes that no container uses as well");

    public static CommandSpec Define() => new()
    {
        Summary = "Remove everything that is not in use",
        Options = [All, Force, Filter, Volumes],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        if (!call.Get(Force) && !Confirmation.Ask(call, Warning(call)))
        {
            throw new CommandFailedException("system prune has been cancelled");
        }

        var filters = call.Get(Filter);
        if (call.Get(Volumes) && filters.Any(static filter => filter.StartsWith("until", StringComparison.Ordinal)))
        {
            throw new CommandFailedException("the \"until\" filter is not supported with \"--volumes\"");
        }

        var freed = Prune.PrintContainers(call, Prune.Send(call, "/containers/prune", filters));
        freed += TryPrune(call, "/networks/prune", filters, Prune.PrintNetworks);
        if (call.Get(Volumes))
        {
            freed += Prune.PrintVolumes(call, Prune.Send(call, "/volumes/prune", filters));
        }

        freed += Prune.PrintImages(call, Prune.Send(call, "/images/prune", [.. filters, call.Get(All) ? "dangling=false" : "dangling=true"]));
        Prune.PrintTotal(call, freed);
        return 0;
    }

    /// <summary>An engine that has no networks of its own to remove has none left over either.</summary>
    private static long TryPrune(Invocation call, string path, IReadOnlyList<string> filters, Func<Invocation, JsonElement, long> print)
    {
        try
        {
            return print(call, Prune.Send(call, path, filters));
        }
        catch (EngineReplyException missing) when (missing.Status is NotFound or NotImplemented)
        {
            return 0;
        }
    }

    private static string Warning(Invocation call)
        => "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
            + (call.Get(Volumes) ? "  - all anonymous volumes not used by at least one container\n" : "")
            + (call.Get(All) ? "  - all images without at least one container associated to them\n" : "  - all dangling images\n");
}
