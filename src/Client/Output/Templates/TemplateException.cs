namespace Berth.Client.Output.Templates;

/// <summary>A template cannot be read or does not fit what it is applied to.</summary>
internal sealed class TemplateException(string message) : Exception("template parsing error: " + message);
