using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth rmi</c>.</summary>
internal static class RmiCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Remove it though stopped containers use it, and do not mind one that is not there");
    private static readonly Switch NoPrune = Opt.Switch("no-prune", "Keep parents that are left without a name");
    private static readonly ListOption Platform = Opt.List("platform", "Remove only the image of this platform, such as linux/arm64");

    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE [IMAGE...]",
        Summary = "Remove images",
        Description = "An image with several names loses the one given; it is deleted with its last name.",
        Options = [Force, NoPrune, Platform],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Images,
        Run = static call => call.ForEachArgument(name => Remove(call, name)),
    };

    private static void Remove(Invocation call, string name)
    {
        var target = new Query($"/images/{Query.ImagePath(name)}").Add("force", call.Get(Force)).Add("noprune", call.Get(NoPrune));
        foreach (var platform in call.Get(Platform))
        {
            target.Add("platforms", PlatformJson.From(platform));
        }

        try
        {
            using var reply = call.Engine.Send("DELETE", target.ToString());
            foreach (var item in reply.ReadJson().AsItems())
            {
                call.Out.WriteLine(item.Text("Deleted") is { Length: > 0 } id ? $"Deleted: {id}" : $"Untagged: {item.Text("Untagged")}");
            }
        }
        catch (EngineReplyException missing) when (missing.Status == 404 && call.Get(Force))
        {
            call.Out.Flush();
            call.Err.WriteLine(missing.Message);
        }
    }
}
