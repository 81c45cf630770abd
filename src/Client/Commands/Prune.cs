using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands;

/// <summary>The parts that all prune commands share.</summary>
internal static class Prune
{
    public static JsonElement Send(Invocation call, string path, IReadOnlyList<string> filters)
    {
        using var reply = call.Engine.Send("POST", new Query(path).AddFilters(filters).ToString());
        return reply.ReadJson();
    }

    /// <summary>Prints what a container prune removed.</summary>
    /// <returns>Bytes that became free.</returns>
    public static long PrintContainers(Invocation call, JsonElement result)
        => PrintNames(call, "Deleted Containers:", result.Texts("ContainersDeleted"), result);

    public static long PrintNetworks(Invocation call, JsonElement result)
        => PrintNames(call, "Deleted Networks:", result.Texts("NetworksDeleted"), result);

    public static long PrintVolumes(Invocation call, JsonElement result)
        => PrintNames(call, "Deleted Volumes:", result.Texts("VolumesDeleted"), result);

    public static long PrintImages(Invocation call, JsonElement result)
        => PrintNames(call, "Deleted Images:", result.Items("ImagesDeleted").Select(Describe), result);

    public static string Describe(JsonElement image)
        => image.Text("Untagged") is { Length: > 0 } name ? $"untagged: {name}" : $"deleted: {image.Text("Deleted")}";

    public static void PrintTotal(Invocation call, long bytes) => call.Out.WriteLine($"Total reclaimed space: {Quantities.DecimalSize(bytes, 4)}");

    private static long PrintNames(Invocation call, string title, IEnumerable<string> names, JsonElement result)
    {
        var isFirst = true;
        foreach (var name in names)
        {
            if (isFirst)
            {
                call.Out.WriteLine(title);
                isFirst = false;
            }

            call.Out.WriteLine(name);
        }

        if (!isFirst)
        {
            call.Out.WriteLine();
        }

        return result.Integer("SpaceReclaimed");
    }
}
