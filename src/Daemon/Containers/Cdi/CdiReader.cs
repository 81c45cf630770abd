using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Cdi;

/// <summary>Reads a specification file: Container Device Interface 0.3 to 1.x, as JSON or YAML.</summary>
internal sealed class CdiReader
{
    private readonly string _path;

    private CdiReader(string path) => _path = path;

    /// <param name="path">For messages; its ending tells the format.</param>
    /// <exception cref="CdiException">The file is no specification; the message names it and the place.</exception>
    public static CdiSpecification Read(string path, string text)
    {
        try
        {
            var root = path.EndsWith(".json", StringComparison.Ordinal) ? JsonNode.Parse(text) : YamlReader.Read(text);
            return new CdiReader(path).Specification(root as JsonObject ?? throw new CdiException("it must hold one object"));
        }
        catch (Exception wrong) when (wrong is CdiException or JsonException or ArgumentException)
        {
            throw new CdiException($"{path}: {wrong.Message}", wrong);
        }
    }

    private CdiSpecification Specification(JsonObject root)
    {
        var version = Text(root, "cdiVersion") ?? throw new CdiException("\"cdiVersion\" is missing");
        if (!version.StartsWith("0.", StringComparison.Ordinal) && !version.StartsWith("1.", StringComparison.Ordinal))
        {
            throw new CdiException($"cdiVersion \"{version}\" is not supported");
        }

        var kind = Text(root, "kind") ?? throw new CdiException("\"kind\" is missing");
        if (!CdiName.IsKind(kind))
        {
            throw new CdiException($"kind \"{kind}\" must be of the form vendor/class");
        }

        var devices = new Dictionary<string, CdiEdits>(StringComparer.Ordinal);
        foreach (var device in Objects(root, "devices"))
        {
            var name = Text(device, "name") ?? throw new CdiException("a device has no \"name\"");
            if (!CdiName.IsDevice(name) || !devices.TryAdd(name, Edits(device["containerEdits"])))
            {
                throw new CdiException($"device \"{name}\" {(CdiName.IsDevice(name) ? "is there twice" : "has no valid name")}");
            }
        }

        return new CdiSpecification(_path, kind, Edits(root["containerEdits"]), devices);
    }

    private static CdiEdits Edits(JsonNode? node)
    {
        if (node is null)
        {
            return CdiEdits.None;
        }

        var edits = node as JsonObject ?? throw new CdiException("\"containerEdits\" must be an object");
        return new CdiEdits
        {
            Env = Texts(edits, "env"),
            Nodes = [.. Objects(edits, "deviceNodes").Select(Node)],
            Mounts = [.. Objects(edits, "mounts").Select(Mount)],
            Hooks = [.. Objects(edits, "hooks").Select(Hook)],
            AdditionalGids = [.. (edits["additionalGids"] as JsonArray ?? []).Select(gid => (uint)(Number(gid, "additionalGids") ?? 0)).Where(gid => gid > 0)],
            Unsupported = edits.Select(member => member.Key).FirstOrDefault(key => key is not ("env" or "deviceNodes" or "mounts" or "hooks" or "additionalGids")),
        };
    }

    private static CdiNode Node(JsonObject node)
    {
        var path = AbsolutePath(node, "path") ?? throw new CdiException("a device node has no \"path\"");
        var permissions = Text(node, "permissions") is { Length: > 0 } given ? given : "rwm";
        var type = Text(node, "type");
        if (permissions.AsSpan().ContainsAnyExcept("rwm") || type is not (null or "" or "b" or "c" or "u" or "p"))
        {
            throw new CdiException($"device node {path}: permissions are of r, w and m, the type is b, c, u or p");
        }

        return new CdiNode(
            path, AbsolutePath(node, "hostPath") ?? path, string.IsNullOrEmpty(type) ? null : type, Number(node["major"], "major"), Number(node["minor"], "minor"),
            (uint?)Number(node["fileMode"], "fileMode"), permissions, (uint?)Number(node["uid"], "uid"), (uint?)Number(node["gid"], "gid"));
    }

    private static OciMount Mount(JsonObject mount) => new()
    {
        Source = AbsolutePath(mount, "hostPath") ?? throw new CdiException("a mount has no \"hostPath\""),
        Destination = AbsolutePath(mount, "containerPath") ?? throw new CdiException("a mount has no \"containerPath\""),
        Type = Text(mount, "type") is { Length: > 0 } type ? type : "bind",
        Options = Texts(mount, "options") is { Length: > 0 } options ? options : ["bind", "rprivate", "nosuid", "nodev", "ro"],
    };

    private static (string, OciHook) Hook(JsonObject hook)
    {
        var name = Text(hook, "hookName");
        return name is "prestart" or "createRuntime" or "createContainer" or "startContainer" or "poststart" or "poststop"
            ? (name, new OciHook
            {
                Path = AbsolutePath(hook, "path") ?? throw new CdiException("a hook has no \"path\""),
                Args = Texts(hook, "args"),
                Env = Texts(hook, "env"),
                Timeout = (int?)Number(hook["timeout"], "timeout"),
            })
            : throw new CdiException($"hookName \"{name}\" is no point of a container's life");
    }

    private static string? AbsolutePath(JsonObject node, string key) => Text(node, key) is not { Length: > 0 } path ? null
        : path.StartsWith('/') && !path.Contains('\0') ? path
        : throw new CdiException($"\"{key}\" must be an absolute path: {path}");

    private static string? Text(JsonObject node, string key) => node[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text,
        JsonValue value when key == "cdiVersion" => value.ToString(), // 1.0 without quotes is a number
        _ => throw new CdiException($"\"{key}\" must be a string"),
    };

    private static string[] Texts(JsonObject node, string key) => node[key] switch
    {
        null => [],
        JsonArray items => [.. items.Select(item => item is JsonValue value && value.TryGetValue(out string? text) ? text : throw new CdiException($"\"{key}\" must hold strings"))],
        _ => throw new CdiException($"\"{key}\" must be an array"),
    };

    private static IEnumerable<JsonObject> Objects(JsonObject node, string key) => node[key] switch
    {
        null => [],
        JsonArray items => items.Select(item => item as JsonObject ?? throw new CdiException($"\"{key}\" must hold objects")),
        _ => throw new CdiException($"\"{key}\" must be an array"),
    };

    private static long? Number(JsonNode? node, string key) => node switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out long number) && number is >= 0 and <= uint.MaxValue => number,
        _ => throw new CdiException($"\"{key}\" must be a number that is not negative"),
    };
}
