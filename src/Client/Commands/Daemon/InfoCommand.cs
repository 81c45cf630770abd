using System.Globalization;
using System.Text;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Output;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth info</c>.</summary>
internal static class InfoCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();

    public static CommandSpec Define() => new()
    {
        Summary = "Show what the engine is, and what it holds",
        Examples = ["berth info -f '{{.CgroupVersion}}' # One value"],
        Options = [Format],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var info = call.Engine.GetJson("/info");
        if (call.Get(Format) is { Length: > 0 } format)
        {
            call.Out.WriteLine(format == "json" ? TemplateValues.Json(info) : Template.Parse(format).Apply(info));
            return 0;
        }

        var text = new StringBuilder();
        text.Append($"Client: Berth\n Version:    {ClientVersion.Text}\n\nServer:\n");
        PrintCounts(text, info);
        PrintPlugins(text, info.At("Plugins"));
        PrintMachine(text, info);
        PrintRegistries(text, info.At("RegistryConfig"));
        call.Out.Write(text.ToString());
        call.Out.Flush();
        foreach (var warning in info.Texts("Warnings"))
        {
            call.Err.WriteLine(warning);
        }

        return 0;
    }

    private static void PrintCounts(StringBuilder text, JsonElement info)
    {
        Line(text, "Containers", info.Text("Containers"));
        Line(text, " Running", info.Text("ContainersRunning"));
        Line(text, " Paused", info.Text("ContainersPaused"));
        Line(text, " Stopped", info.Text("ContainersStopped"));
        Line(text, "Images", info.Text("Images"));
        Line(text, "Server Version", info.Text("ServerVersion"));
        Line(text, "Storage Driver", info.Text("Driver"));
        foreach (var pair in info.Items("DriverStatus").Select(static pair => pair.AsItems().ToList()).Where(static pair => pair.Count == 2))
        {
            Line(text, " " + pair[0].AsText(), pair[1].AsText());
        }

        Line(text, "Logging Driver", info.Text("LoggingDriver"));
        Line(text, "Cgroup Driver", info.Text("CgroupDriver"));
        Line(text, "Cgroup Version", info.Text("CgroupVersion"));
    }

    private static void PrintPlugins(StringBuilder text, JsonElement plugins)
    {
        if (plugins.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        text.Append(" Plugins:\n");
        foreach (var kind in new[] { "Volume", "Network", "Log", "Authorization" })
        {
            Line(text, " " + kind, string.Join(' ', plugins.Texts(kind)));
        }
    }

    private static void PrintMachine(StringBuilder text, JsonElement info)
    {
        Line(text, "Runtimes", string.Join(' ', info.Members("Runtimes").Select(static runtime => runtime.Name)));
        Line(text, "Default Runtime", info.Text("DefaultRuntime"));
        Line(text, "Init Binary", info.Text("InitBinary"));
        var security = info.Texts("SecurityOptions").ToList();
        if (security.Count > 0)
        {
            text.Append(" Security Options:\n");
            foreach (var fields in security.Select(static option => option.Split(',')))
            {
                text.Append("  ").Append(Value(fields[0])).Append('\n');
                foreach (var field in fields.Skip(1).Select(static field => field.Split('=', 2)).Where(static pair => pair.Length == 2))
                {
                    Line(text, "  " + Capitalized(field[0]), field[1]);
                }
            }
        }

        Line(text, "Kernel Version", info.Text("KernelVersion"));
        Line(text, "Operating System", info.Text("OperatingSystem"));
        Line(text, "OSType", info.Text("OSType"));
        Line(text, "Architecture", info.Text("Architecture"));
        Line(text, "CPUs", info.Text("NCPU"));
        Line(text, "Total Memory", Quantities.BinarySize(info.Integer("MemTotal")));
        Line(text, "Name", info.Text("Name"));
        Line(text, "ID", info.Text("ID"));
        Line(text, "Root Dir", info.Text("DockerRootDir"));
        Line(text, "Debug Mode", info.Flag("Debug") ? "true" : "false");
        Line(text, "HTTP Proxy", info.Text("HttpProxy"));
        Line(text, "HTTPS Proxy", info.Text("HttpsProxy"));
        Line(text, "No Proxy", info.Text("NoProxy"));
        Line(text, "Experimental", info.Flag("ExperimentalBuild") ? "true" : "false");
    }

    private static void PrintRegistries(StringBuilder text, JsonElement registries)
    {
        var insecure = registries.Members("IndexConfigs").Where(static index => !index.Value.Flag("Secure")).Select(static index => index.Name)
            .Concat(registries.Texts("InsecureRegistryCIDRs")).ToList();
        PrintList(text, "Insecure Registries", insecure);
        PrintList(text, "Registry Mirrors", [.. registries.Texts("Mirrors")]);
    }

    private static void PrintList(StringBuilder text, string title, List<string> values)
    {
        if (values.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" {title}:\n");
            values.ForEach(value => text.Append("  ").Append(value).Append('\n'));
        }
    }

    private static string Value(string field) => field.StartsWith("name=", StringComparison.Ordinal) ? field["name=".Length..] : field;

    private static string Capitalized(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];

    private static void Line(StringBuilder text, string name, string value)
    {
        if (value.Length > 0)
        {
            text.Append(' ').Append(name).Append(": ").Append(value).Append('\n');
        }
    }
}
