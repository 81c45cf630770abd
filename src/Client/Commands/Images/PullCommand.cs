using Berth.Client.CommandLine;
using Berth.Shared.References;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth pull</c>.</summary>
internal static class PullCommand
{
    private static readonly Switch AllTags = Opt.Switch("all-tags", 'a', "Pull every tag of the repository");
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Pull the image of this platform, such as linux/arm64");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Print the image's name only");
    private static readonly Switch ContentTrust = new("disable-content-trust", Opt.NoLetter, "Has no effect") { IsHidden = true, Default = true };

    public static CommandSpec Define() => new()
    {
        Operands = "NAME[:TAG|@DIGEST]",
        Summary = "Get an image from a registry",
        Examples = ["berth pull debian:12 # From Docker Hub", "berth pull localhost:5000/team/app # From a registry of your own"],
        Options = [AllTags, Platform, Quiet, ContentTrust],
        Arguments = Arity.Exactly(1),
        Completes = Completes.Images,
        Run = static call =>
        {
            var platform = call.Get(Platform) ?? call.World.Environment("DOCKER_DEFAULT_PLATFORM");
            var progress = call.Get(Quiet) ? null : call.Out;
            if (progress is not null && !call.Get(AllTags) && ImageNames.Parse(call.Arguments[0]) is { Tag: null, Digest: null })
            {
                progress.WriteLine($"Using default tag: {ImageReference.DefaultTag}");
                progress.Flush();
            }

            var name = ImagePull.Run(call, call.Arguments[0], platform, progress, call.World.Terminal.IsOutputTerminal, call.Get(AllTags));
            call.Out.WriteLine(name.ToString());
            return 0;
        },
    };
}
