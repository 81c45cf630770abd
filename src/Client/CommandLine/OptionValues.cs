namespace Berth.Client.CommandLine;

/// <summary>What the user gave, by option.</summary>
internal sealed class OptionValues
{
    private readonly Dictionary<Option, object> _values = new(ReferenceEqualityComparer.Instance);

    public bool IsSet(Option option) => _values.ContainsKey(option);

    public void Set(Option option, object value) => _values[option] = value;

    public void Add(ListOption option, string value)
    {
        if (!_values.TryGetValue(option, out var list))
        {
            _values[option] = list = new List<string>();
        }

        ((List<string>)list).Add(value);
    }

    public bool Get(Switch option) => _values.TryGetValue(option, out var value) ? (bool)value : option.Default;

    public IReadOnlyList<string> Get(ListOption option) => _values.TryGetValue(option, out var value) ? (List<string>)value : [];

    public string? Get(ValueOption<string> option) => _values.TryGetValue(option, out var value) ? (string)value : null;

    /// <summary>The value of an option whose type is a number, a span of time or the like; <see langword="null"/> when it was not given.</summary>
    public T? Get<T>(ValueOption<T> option)
        where T : struct
        => _values.TryGetValue(option, out var value) ? (T)value : null;
}
