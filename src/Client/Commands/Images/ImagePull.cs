using Berth.Client.CommandLine;
using Berth.Client.Credentials;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Output.Progress;
using Berth.Shared.References;

namespace Berth.Client.Commands.Images;

/// <summary>Has the daemon pull an image and shows how it gets on.</summary>
internal static class ImagePull
{
    /// <param name="progress">Where progress is shown; <see langword="null"/> for nowhere.</param>
    /// <returns>The image's whole name.</returns>
    /// <exception cref="CommandFailedException">The name is wrong, or the pull failed.</exception>
    public static ImageReference Run(Invocation call, string image, string? platform, ByteSink? progress, bool isTerminal, bool allTags = false)
    {
        var name = ImageNames.Parse(image);
        if (allTags && (name.Tag is not null || name.Digest is not null))
        {
            throw new CommandFailedException("tag can't be used with --all-tags/-a");
        }

        if (!allTags && name.Tag is null && name.Digest is null)
        {
            name = name.WithDefaultTag();
        }

        // A digest, where there is one, says which image is meant; a tag beside it says nothing more.
        var tag = name.Digest?.ToString() ?? name.Tag;
        var target = new Query("/images/create").Add("fromImage", name.Name).Add("tag", tag).Add("platform", string.IsNullOrEmpty(platform) ? null : platform).ToString();
        using var reply = call.Engine.Send("POST", target, default, RegistryHeader.For(call, name.Domain));
        ProgressPrinter.Follow(reply.ReadJsonValues(), progress, isTerminal, call.World.Terminal);
        return name;
    }
}
