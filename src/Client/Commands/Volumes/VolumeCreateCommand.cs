using System.Buffers;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Output;

namespace Berth.Client.Commands.Volumes;

/// <summary><c>berth volume create</c>.</summary>
internal static class VolumeCreateCommand
{
    private static readonly ValueOption<string> Driver = new("driver", 'd', "What keeps the volume", static text => text) { DefaultText = "local" };
    private static readonly ListOption Label = Opt.List("label", "Set a label, as key=value");
    private static readonly ValueOption<string> Name = new("name", Opt.NoLetter, "The volume's name", static text => text) { IsHidden = true };
    private static readonly ListOption DriverOption = Opt.List("opt", 'o', "Set an option of the driver, as key=value");

    public static CommandSpec Define() => new()
    {
        Operands = "[VOLUME]",
        Summary = "Make a volume",
        Description = "A volume of that name which is there already is left as it is. Without a name the engine makes one up. Options of the local driver are those of mount(8): type, device and o.",
        Examples =
        [
            "berth volume create data # Use it with 'berth run -v data:/var/lib/db …'",
            "berth volume create -o type=tmpfs -o device=tmpfs -o o=size=100m,uid=1000 scratch # In memory",
            "berth volume create -o type=none -o device=/srv/data -o o=bind data # A directory of the host under a volume's name",
        ],
        Options = [Driver, Label, Name, DriverOption],
        Arguments = Arity.AtMost(1),
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var name = call.Get(Name);
        if (call.Arguments.Count == 1)
        {
            name = string.IsNullOrEmpty(name) ? call.Arguments[0] : throw new CommandFailedException("conflicting options: cannot specify a volume-name through both --name and as a positional arg");
        }

        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("Name", name ?? "");
            json.WriteString("Driver", call.Get(Driver) ?? "local");
            KeyValueTexts.Write(json, "DriverOpts", call.Get(DriverOption));
            KeyValueTexts.Write(json, "Labels", call.Get(Label));
            json.WriteEndObject();
        }

        using var reply = call.Engine.Send("POST", "/volumes/create", bytes.WrittenSpan);
        call.Out.WriteLine(reply.ReadJson().Text("Name"));
        return 0;
    }
}
