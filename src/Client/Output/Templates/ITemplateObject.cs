namespace Berth.Client.Output.Templates;

/// <summary>Something a template can ask for parts of by name: a row of a list.</summary>
internal interface ITemplateObject
{
    /// <summary>The names in the order in which <c>json</c> prints them.</summary>
    IEnumerable<string> Names { get; }

    /// <returns>Whether there is such a part.</returns>
    bool TryGet(string name, out object? value);

    /// <summary>A part that takes arguments, such as <c>.Label "key"</c>.</summary>
    bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value);
}
