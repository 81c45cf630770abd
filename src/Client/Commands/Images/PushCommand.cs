using Berth.Client.CommandLine;
using Berth.Client.Credentials;
using Berth.Client.Engine;
using Berth.Client.Output.Progress;
using Berth.Shared.References;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth push</c>.</summary>
internal static class PushCommand
{
    private static readonly Switch AllTags = Opt.Switch("all-tags", 'a', "Push every tag of the repository");
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Push only the image of this platform, such as linux/arm64");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Print the image's name only");
    private static readonly Switch ContentTrust = new("disable-content-trust", Opt.NoLetter, "Has no effect") { IsHidden = true, Default = true };

    public static CommandSpec Define() => new()
    {
        Operands = "NAME[:TAG]",
        Summary = "Send an image to a registry",
        Examples = ["berth push localhost:5000/team/app:1.2 # To a registry of your own", "berth push -a registry.example.org/app # All tags"],
        Options = [AllTags, Platform, Quiet, ContentTrust],
        Arguments = Arity.Exactly(1),
        Completes = Completes.Images,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var name = ImageNames.Parse(call.Arguments[0]);
        if (call.Get(AllTags) && name.Tag is not null)
        {
            throw new CommandFailedException("tag can't be used with --all-tags/-a");
        }

        var progress = call.Get(Quiet) ? null : call.Out;
        if (!call.Get(AllTags) && name is { Tag: null, Digest: null })
        {
            name = name.WithDefaultTag();
            progress?.WriteLine($"Using default tag: {ImageReference.DefaultTag}");
            progress?.Flush();
        }

        var target = new Query($"/images/{Query.ImagePath(name.Name)}/push").Add("tag", name.Tag).Add("platform", PlatformJson.From(call.Get(Platform))).ToString();
        using var reply = call.Engine.Send("POST", target, default, RegistryHeader.For(call, name.Domain));
        ProgressPrinter.Follow(reply.ReadJsonValues(), progress, call.World.Terminal.IsOutputTerminal, call.World.Terminal);
        if (progress is null)
        {
            call.Out.WriteLine(name.ToString());
        }

        return 0;
    }
}
