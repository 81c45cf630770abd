namespace Berth.Client.Engine.Http;

/// <summary>Status line and header fields of a reply.</summary>
internal sealed class HttpHead(int status, IReadOnlyList<KeyValuePair<string, string>> fields)
{
    public int Status { get; } = status;

    /// <summary>The field's value, several joined by commas; <see langword="null"/> when it is absent.</summary>
    public string? this[string name]
    {
        get
        {
            string? found = null;
            foreach (var (field, value) in fields)
            {
                if (field.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    found = found is null ? value : $"{found}, {value}";
                }
            }

            return found;
        }
    }
}
