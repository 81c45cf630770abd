using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Berth.Daemon.Hosting;

/// <summary>Writes one line per event to standard error, as logfmt or JSON, with the template's values as fields of their own.</summary>
internal sealed class DaemonLoggerProvider(LogLevel level, DaemonLogFormat format, TimeProvider clock) : ILoggerProvider
{
    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(" \"\\=\n\r\t\e");

    private readonly Stream output = Console.OpenStandardError();
    private readonly Lock writing = new();
    private int lowest = (int)level;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName.StartsWith("Microsoft.", StringComparison.Ordinal) ? LogLevel.Warning : LogLevel.Trace);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, Exception? exception)
    {
        var line = format == DaemonLogFormat.Json ? Json(level, message, fields, exception) : Text(level, message, fields, exception);
        lock (writing)
        {
            output.Write(line);
        }
    }

    private byte[] Text(LogLevel level, string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, Exception? exception)
    {
        var text = new StringBuilder(256);
        text.Append("time=").Append(Time()).Append(" level=").Append(Name(level)).Append(" msg=");
        Append(text, message);
        foreach (var (key, value) in Named(fields))
        {
            text.Append(' ').Append(key).Append('=');
            Append(text, value);
        }

        if (exception is not null)
        {
            text.Append(" error=");
            Append(text, exception.ToString());
        }

        return Encoding.UTF8.GetBytes(text.Append('\n').ToString());
    }

    private static void Append(StringBuilder text, string value)
    {
        if (value.Length > 0 && !value.AsSpan().ContainsAny(NeedQuotes))
        {
            text.Append(value);
            return;
        }

        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append(@"\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    private byte[] Json(LogLevel level, string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, Exception? exception)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", Time());
            json.WriteString("level", Name(level));
            json.WriteString("msg", message);
            foreach (var (key, value) in Named(fields))
            {
                json.WriteString(key, value);
            }

            if (exception is not null)
            {
                json.WriteString("error", exception.ToString());
            }

            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private string Time() => clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private static IEnumerable<(string Key, string Value)> Named(IReadOnlyList<KeyValuePair<string, object?>>? fields)
        => (fields ?? []).Where(field => field.Key != "{OriginalFormat}")
            .Select(field => (field.Key, Convert.ToString(field.Value, CultureInfo.InvariantCulture) ?? ""));

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private sealed class Logger(DaemonLoggerProvider provider, LogLevel own) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= own && logLevel >= provider.Lowest && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                provider.Write(logLevel, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>>, exception);
            }
        }
    }

    /// <summary>What is less is not written.</summary>
    public LogLevel Lowest
    {
        get => (LogLevel)Volatile.Read(ref lowest);
        set => Volatile.Write(ref lowest, (int)value);
    }
}
