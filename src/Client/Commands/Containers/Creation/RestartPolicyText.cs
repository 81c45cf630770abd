using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The value of --restart.</summary>
internal static class RestartPolicyText
{
    /// <summary>Writes <c>always</c> or <c>on-failure:3</c> as the API's RestartPolicy; which names there are is the daemon's to know.</summary>
    /// <exception cref="CommandFailedException">What follows the colon is no number.</exception>
    public static void Write(Utf8JsonWriter json, string text)
    {
        var parts = text.Split(':');
        var retries = 0;
        if (parts[0].Length == 0)
        {
            throw new CommandFailedException("invalid restart policy format: no policy provided before colon", 125);
        }

        if (parts.Length > 2)
        {
            throw new CommandFailedException("invalid restart policy format", 125);
        }

        if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out retries))
        {
            throw new CommandFailedException("invalid restart policy format: maximum retry count must be an integer", 125);
        }

        json.WriteStartObject("RestartPolicy");
        json.WriteString("Name", parts[0]);
        json.WriteNumber("MaximumRetryCount", retries);
        json.WriteEndObject();
    }
}
