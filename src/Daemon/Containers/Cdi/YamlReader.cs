using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Berth.Daemon.Containers.Cdi;

/// <summary>A YAML document as JSON, of which it is a superset: mappings, sequences and scalars of the core schema. No anchors: they let a small file grow without end.</summary>
internal static class YamlReader
{
    /// <exception cref="CdiException">It is no YAML, or more than is meant here.</exception>
    public static JsonNode? Read(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            var node = Node(parser);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? node : throw new CdiException("it holds several documents");
        }
        catch (YamlException wrong)
        {
            throw new CdiException($"line {wrong.Start.Line}: {wrong.Message}", wrong);
        }
    }

    private static JsonNode? Node(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return Value(scalar);
        }

        if (parser.TryConsume<SequenceStart>(out var sequence) && sequence.Anchor.IsEmpty)
        {
            var items = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(Node(parser));
            }

            return items;
        }

        if (parser.TryConsume<MappingStart>(out var mapping) && mapping.Anchor.IsEmpty)
        {
            var members = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>().Value;
                if (!members.TryAdd(key, Node(parser)))
                {
                    throw new CdiException($"\"{key}\" is there twice");
                }
            }

            return members;
        }

        throw new CdiException("anchors and aliases are not supported");
    }

    private static JsonValue? Value(Scalar scalar)
    {
        if (!scalar.Anchor.IsEmpty)
        {
            throw new CdiException("anchors and aliases are not supported");
        }

        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when text.StartsWith("0o", StringComparison.Ordinal) && TryOctal(text[2..], out var octal) => JsonValue.Create(octal),
            _ when text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hexadecimal) => JsonValue.Create(hexadecimal),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }

    private static bool TryOctal(string digits, out long number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7' || number > long.MaxValue >> 3)
            {
                return false;
            }

            number = (number << 3) + (digit - '0');
        }

        return digits.Length > 0;
    }
}
