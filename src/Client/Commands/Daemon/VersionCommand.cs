using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth version</c>.</summary>
internal static class VersionCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();

    public static CommandSpec Define() => new()
    {
        Summary = "Show the versions of client and daemon",
        Examples = ["berth version -f '{{.Server.Version}}' # The daemon's alone"],
        Options = [Format],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var server = default(JsonElement);
        Exception? unreachable = null;
        try
        {
            server = call.Engine.GetJson("/version");
        }
        catch (Exception failed) when (failed is EngineUnreachableException or EngineReplyException)
        {
            unreachable = failed; // the client's own version is worth showing all the same
        }

        if (call.Get(Format) is { Length: > 0 } format)
        {
            if (unreachable is not null && format.Contains(".Server", StringComparison.Ordinal))
            {
                throw new CommandFailedException(unreachable.Message, inner: unreachable);
            }

            using var json = JsonDocument.Parse(ToJson(call, server));
            call.Out.WriteLine(format == "json" ? TemplateValues.Json(json.RootElement) : Template.Parse(format).Apply(json.RootElement));
        }
        else
        {
            Print(call, server);
        }

        return unreachable is null ? 0 : throw new CommandFailedException(unreachable.Message, inner: unreachable);
    }

    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static ReadOnlyMemory<byte> ToJson(Invocation call, JsonElement server)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        json.WriteStartObject("Client");
        json.WriteString("Version", ClientVersion.Text);
        json.WriteString("ApiVersion", call.Engine.ApiVersion);
        json.WriteString("DefaultAPIVersion", EngineClient.NewestApiVersion);
        json.WriteString("Os", "linux");
        json.WriteString("Arch", Architecture);
        json.WriteEndObject();
        json.WritePropertyName("Server");
        if (server.ValueKind == JsonValueKind.Undefined)
        {
            json.WriteNullValue();
        }
        else
        {
            server.WriteTo(json);
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void Print(Invocation call, JsonElement server)
    {
        var text = new StringBuilder("Client: Berth\n");
        Line(text, 1, "Version:", ClientVersion.Text);
        Line(text, 1, "API version:", call.Engine.ApiVersion);
        Line(text, 1, "OS/Arch:", $"linux/{Architecture}");
        if (server.ValueKind == JsonValueKind.Object)
        {
            var platform = server.At("Platform").Text("Name");
            text.Append($"\nServer: {(platform.Length > 0 ? platform : "Engine")}\n");
            var components = server.Items("Components").ToList();
            if (components.Count == 0)
            {
                PrintComponent(text, "Engine", server.Text("Version"), server);
            }

            foreach (var component in components)
            {
                PrintComponent(text, component.Text("Name"), component.Text("Version"), component.At("Details"));
            }
        }

        call.Out.Write(text.ToString());
    }

    private static void PrintComponent(StringBuilder text, string name, string version, JsonElement details)
    {
        text.Append($" {name}:\n");
        Line(text, 2, "Version:", version);
        var api = details.Text("ApiVersion");
        var oldest = details.Text("MinAPIVersion");
        Line(text, 2, "API version:", api.Length > 0 && oldest.Length > 0 ? $"{api} (minimum version {oldest})" : api);
        Line(text, 2, "Git commit:", details.Text("GitCommit"));
        Line(text, 2, "Built:", details.Text("BuildTime"));
        Line(text, 2, "OS/Arch:", details.Text("Os") is { Length: > 0 } os ? $"{os}/{details.Text("Arch")}" : "");
        Line(text, 2, "Kernel:", details.Text("KernelVersion"));
    }

    private static void Line(StringBuilder text, int indent, string name, string value)
    {
        if (value.Length > 0)
        {
            text.Append(' ', indent).Append(name.PadRight(19 - indent)).Append(value).Append('\n');
        }
    }
}
