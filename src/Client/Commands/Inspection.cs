using System.Text;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands;

/// <summary>Prints objects as the daemon describes them: as an array of JSON, or one line each by a template.</summary>
internal static class Inspection
{
    /// <param name="find">Fetches one object's JSON text by the name the user gave.</param>
    public static int Run(Invocation call, string? format, Func<string, ReadOnlyMemory<byte>> find)
    {
        var template = format is null or "" or "json" ? null : Template.Parse(format);
        var objects = new List<ReadOnlyMemory<byte>>();
        var refusals = new List<string>();
        foreach (var name in call.Arguments)
        {
            try
            {
                objects.Add(find(name));
            }
            catch (EngineReplyException refused)
            {
                refusals.Add(refused.Message);
            }
            catch (CommandFailedException missing)
            {
                refusals.Add(missing.Message);
            }
        }

        Print(call.Out, format, template, objects);
        call.Out.Flush();
        refusals.ForEach(call.Err.WriteLine);
        return refusals.Count == 0 ? 0 : 1;
    }

    private static void Print(ByteSink sink, string? format, Template? template, List<ReadOnlyMemory<byte>> objects)
    {
        if (template is not null)
        {
            foreach (var json in objects)
            {
                sink.WriteLine(template.Apply(JsonText.Parse(json)));
            }

            return;
        }

        if (format == "json")
        {
            sink.WriteLine($"[{string.Join(',', objects.Select(static json => JsonIndenter.Compact(Encoding.UTF8.GetString(json.Span))))}]");
            return;
        }

        if (objects.Count == 0)
        {
            sink.WriteLine("[]");
            return;
        }

        sink.Write("["u8);
        for (var i = 0; i < objects.Count; i++)
        {
            sink.Write(i == 0 ? "\n    "u8 : ",\n    "u8);
            JsonIndenter.Write(objects[i].Span, sink, level: 1);
        }

        sink.Write("\n]\n"u8);
    }
}
