using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth tag</c>.</summary>
internal static class TagCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        Summary = "Give an image a further name",
        Arguments = Arity.Exactly(2),
        Completes = Completes.Images,
        Run = static call =>
        {
            var name = ImageNames.Parse(call.Arguments[1]).WithDefaultTag();
            if (name.Digest is not null)
            {
                throw new CommandFailedException("refusing to create a tag with a digest reference");
            }

            call.Engine.Do("POST", new Query($"/images/{Query.ImagePath(call.Arguments[0])}/tag").Add("repo", name.Name).Add("tag", name.Tag).ToString());
            return 0;
        },
    };
}
