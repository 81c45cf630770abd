using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth image prune</c>.</summary>
internal static class ImagePruneCommand
{
    private static readonly Switch All = Opt.Switch("all", 'a', "Remove every image that no container uses, named or not");
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not ask first");
    private static readonly ListOption Filter = Opt.PruneFilter();

    public static CommandSpec Define() => new()
    {
        Summary = "Remove images that are not in use",
        Options = [All, Force, Filter],
        Run = static call =>
        {
            var warning = call.Get(All) ? "This will remove all images without at least one container associated to them." : "This will remove all dangling images.";
            if (!call.Get(Force) && !Confirmation.Ask(call, warning))
            {
                throw new CommandFailedException("image prune has been cancelled");
            }

            IReadOnlyList<string> filters = [.. call.Get(Filter), call.Get(All) ? "dangling=false" : "dangling=true"];
            Prune.PrintTotal(call, Prune.PrintImages(call, Prune.Send(call, "/images/prune", filters)));
            return 0;
        },
    };
}
