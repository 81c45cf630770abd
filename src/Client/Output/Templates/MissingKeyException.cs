namespace Berth.Client.Output.Templates;

/// <summary>An object lacks a key a template asks for: an error for inspect, no value within <c>index</c>.</summary>
internal sealed class MissingKeyException(string key) : Exception($"template parsing error: map has no entry for key \"{key}\"");
