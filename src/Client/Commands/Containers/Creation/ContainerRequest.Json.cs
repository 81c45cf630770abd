using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

internal sealed partial class ContainerRequest // how values are written: what was not asked for is left out
{
    private void Write(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _json.WriteString(name, value);
        }
    }

    private void Write(string name, long? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }

    private void Write(string name, bool value)
    {
        if (value)
        {
            _json.WriteBoolean(name, value);
        }
    }

    private void WriteNanoseconds(string name, ValueOption<TimeSpan> option) => Write(name, _call.Get(option)?.Ticks * 100);

    private void WriteList(string name, IEnumerable<string> values)
    {
        var isEmpty = true;
        foreach (var value in values)
        {
            if (isEmpty)
            {
                _json.WriteStartArray(name);
                isEmpty = false;
            }

            _json.WriteStringValue(value);
        }

        if (!isEmpty)
        {
            _json.WriteEndArray();
        }
    }

    private void WriteMap(string name, IEnumerable<string> texts)
    {
        var isEmpty = true;
        foreach (var (key, value) in KeyValueTexts.ToMap(texts))
        {
            if (isEmpty)
            {
                _json.WriteStartObject(name);
                isEmpty = false;
            }

            _json.WriteString(key, value);
        }

        if (!isEmpty)
        {
            _json.WriteEndObject();
        }
    }

    /// <summary>A set as the API writes it: a map to empty objects.</summary>
    private void WriteSet(string name, IEnumerable<string> values)
    {
        var isEmpty = true;
        foreach (var value in values.Distinct())
        {
            if (isEmpty)
            {
                _json.WriteStartObject(name);
                isEmpty = false;
            }

            _json.WriteStartObject(value);
            _json.WriteEndObject();
        }

        if (!isEmpty)
        {
            _json.WriteEndObject();
        }
    }
}
