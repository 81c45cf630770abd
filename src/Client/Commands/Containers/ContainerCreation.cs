using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Commands.Images;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary>Makes a container, pulling its image when it must.</summary>
internal static class ContainerCreation
{
    /// <returns>The new container's id.</returns>
    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public static string Create(Invocation call, ContainerRequest request)
    {
        var idFile = call.Get(ContainerOptions.CidFile);
        if (idFile is not null && File.Exists(idFile))
        {
            throw new CommandFailedException($"container ID file found, make sure the other container isn't running or delete {idFile}", 125);
        }

        var body = request.ToJson(call.World.Terminal.IsOutputTerminal ? call.World.Terminal.Size : null);
        var platform = call.Get(ContainerOptions.Platform) ?? call.World.Environment("DOCKER_DEFAULT_PLATFORM");
        var target = new Query("/containers/create").Add("name", NonEmpty(call.Get(ContainerOptions.Name))).Add("platform", NonEmpty(platform)).ToString();
        var policy = call.Get(ContainerOptions.Pull) ?? "missing";
        if (policy == "always")
        {
            Pull(call, request.Image, platform);
        }

        JsonElement created;
        try
        {
            created = Post(call, target, body);
        }
        catch (EngineReplyException refused) when (refused.Status == 404 && policy == "missing" && refused.Words.Contains("No such image", StringComparison.OrdinalIgnoreCase))
        {
            call.Err.WriteLine($"Unable to find image '{ImageNames.WithTag(request.Image)}' locally");
            call.Err.Flush();
            Pull(call, request.Image, platform);
            created = Post(call, target, body);
        }

        foreach (var warning in created.Texts("Warnings"))
        {
            call.Err.WriteLine($"WARNING: {warning}");
        }

        call.Err.Flush();
        var id = created.Text("Id");
        if (idFile is not null)
        {
            File.WriteAllText(idFile, id);
        }

        return id;
    }

    private static JsonElement Post(Invocation call, string target, ReadOnlyMemory<byte> body)
    {
        using var reply = call.Engine.Send("POST", target, body.Span);
        return reply.ReadJson();
    }

    private static void Pull(Invocation call, string image, string? platform)
        => ImagePull.Run(call, image, platform, call.Get(ContainerOptions.Quiet) ? null : call.Err, call.World.Terminal.IsErrorTerminal);

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
