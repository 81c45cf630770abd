using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Berth.Runtime.Commands;

/// <summary>--log: where callers look for the words of a failure; lines as logrus writes them, which podman and containerd read.</summary>
internal static class RuntimeLog
{
    public static void Error(RuntimeOptions options, string message)
    {
        if (options.LogPath is null)
        {
            StandardOutput.WriteError($"berth-runtime: {message}\n");
            return;
        }

        Append(options, "error", message);

        // Callers that give a log still show the standard error of "create" and "exec" to their users.
        StandardOutput.WriteError($"{message}\n");
    }

    public static void Warning(RuntimeOptions options, string message)
    {
        if (options.LogPath is null)
        {
            StandardOutput.WriteError($"berth-runtime: warning: {message}\n");
            return;
        }

        Append(options, "warning", message);
    }

    private static void Append(RuntimeOptions options, string level, string message)
    {
        var time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var line = options.LogJson
            ? $"{{\"level\":\"{level}\",\"msg\":{Quote(message)},\"time\":\"{time}\"}}\n"
            : $"time=\"{time}\" level={level} msg={Quote(message)}\n";
        File.AppendAllText(options.LogPath!, line);
    }

    private static string Quote(string text)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStringValue(text);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
