using Berth.Client.CommandLine;
using Berth.Client.Commands.Images;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth commit</c>.</summary>
internal static class CommitCommand
{
    private static readonly ValueOption<string> Author = Opt.Text("author", 'a', "Who made it, for the image's history");
    private static readonly ListOption Change = Opt.List("change", 'c', "Set something of the image by a line of a Dockerfile, such as 'CMD [\"sh\"]'");
    private static readonly ValueOption<string> Message = Opt.Text("message", 'm', "Remark to keep in the image's history");
    private static readonly Switch Pause = new("pause", 'p', "Freeze the container meanwhile, so that its files fit together") { Default = true };
    private static readonly Switch NoPause = Opt.Switch("no-pause", "Leave the container running meanwhile");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [REPOSITORY[:TAG]]",
        Summary = "Make an image of what a container changed",
        Examples = ["berth commit -m 'with the fix' web web:fixed # Under a name", "berth commit -c 'CMD [\"serve\"]' web # With another command"],
        Options = [Author, Change, Message, NoPause, Pause],
        Arguments = Arity.Between(1, 2),
        Completes = Completes.Containers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var query = new Query("/commit").Add("container", call.Arguments[0]).Add("author", call.Get(Author)).Add("comment", call.Get(Message))
            .Add("pause", call.Get(Pause) && !call.Get(NoPause) ? "1" : "0");
        if (call.Arguments.Count == 2)
        {
            var name = ImageNames.Parse(call.Arguments[1]);
            query.Add("repo", name.Name).Add("tag", name.Tag);
        }

        foreach (var change in call.Get(Change))
        {
            query.Add("changes", change);
        }

        using var reply = call.Engine.Send("POST", query.ToString());
        call.Out.WriteLine(reply.ReadJson().GetProperty("Id").GetString() ?? "");
        return 0;
    }
}
