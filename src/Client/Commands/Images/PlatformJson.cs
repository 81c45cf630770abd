using Berth.Client.CommandLine;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands.Images;

/// <summary>A platform as a query parameter that takes JSON.</summary>
internal static class PlatformJson
{
    /// <param name="platform"><c>os[/arch[/variant]]</c>, or nothing.</param>
    /// <exception cref="CommandFailedException">Not such a text.</exception>
    public static string? From(string? platform)
    {
        if (string.IsNullOrEmpty(platform))
        {
            return null;
        }

        var parts = platform.Split('/');
        if (parts.Length > 3 || parts.Any(static part => part.Length == 0))
        {
            throw new CommandFailedException($"invalid platform: \"{platform}\": write os/arch[/variant]");
        }

        string[] names = ["os", "architecture", "variant"];
        return $"{{{string.Join(',', parts.Select((part, i) => $"\"{names[i]}\":{TemplateValues.Quoted(part)}"))}}}";
    }
}
