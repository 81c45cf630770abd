using System.Globalization;
using System.Text.RegularExpressions;
using Berth.Daemon.Containers.Logs;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Understands a log driver's options. Every option of Docker's drivers is honoured or refused by name.</summary>
internal sealed class LogPlanner
{
    private const long DefaultBuffer = 1L << 20;

    /// <summary>A container's regular expression is matched against its own labels only; still it shall not keep the daemon busy.</summary>
    private static readonly TimeSpan regexLimit = TimeSpan.FromSeconds(1);

    private static readonly string[] common = ["mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];
    private static readonly string[] attributes = ["labels", "labels-regex", "env", "env-regex", "tag"];
    private static readonly string[] file = ["max-size", "max-file", "compress"];
    private static readonly string[] syslogTls = ["syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify"];

    private readonly string driver;
    private readonly IReadOnlyDictionary<string, string> options;

    private LogPlanner(string driver, IReadOnlyDictionary<string, string> options)
    {
        this.driver = driver;
        this.options = options;
    }

    /// <param name="labels">The container's, for the options that repeat them in each line.</param>
    /// <param name="environment">"NAME=value", likewise.</param>
    /// <exception cref="EngineException">InvalidArgument, naming driver, option and value.</exception>
    public static LogPlan Plan(
        string driver, IReadOnlyDictionary<string, string> options, IReadOnlyDictionary<string, string> labels, IReadOnlyList<string> environment)
        => driver == LogDriver.None ? new LogPlan { Driver = driver } : new LogPlanner(driver, options).Plan(labels, environment);

    private LogPlan Plan(IReadOnlyDictionary<string, string> labels, IReadOnlyList<string> environment)
    {
        var (nonBlocking, buffer) = Mode();
        var cacheDisabled = Flag("cache-disabled") ?? false;
        if (!LogDriver.Names.Contains(driver))
        {
            throw Bad($"logger: no log driver named '{driver}' is registered; there are {string.Join(", ", LogDriver.Names)}");
        }

        RefuseUnknown();
        var plan = driver switch
        {
            LogDriver.JsonFile => Files("", defaultSize: 0, defaultFiles: 1, defaultCompress: false),

            // The same files as json-file; what sets it apart is that it is bounded without being told.
            LogDriver.Local => Files("", defaultSize: 20L << 20, defaultFiles: 5, defaultCompress: true),
            _ => Files("cache-", defaultSize: 20L << 20, defaultFiles: 5, defaultCompress: true),
        };
        var tag = Option("tag");
        if (tag is not null)
        {
            LogTag.Parse(tag);
        }

        return plan with
        {
            KeepsFiles = !(LogDriver.Forwards(driver) && cacheDisabled),
            NonBlocking = nonBlocking,
            BufferBytes = buffer,
            Tag = tag,
            Attributes = Attributes(labels, environment),
            Syslog = driver == LogDriver.Syslog ? Syslog() : null,
        };
    }

    private static EngineException Bad(string message) => new(ErrorKind.InvalidArgument, message);

    private string? Option(string name) => options.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private bool? Flag(string name) => Option(name) switch
    {
        null => null,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        var value => throw Bad($"invalid value for option {name}: {value}: it is true or false"),
    };

    private (bool NonBlocking, long Buffer) Mode()
    {
        var mode = Option("mode");
        if (mode is not (null or "blocking" or "non-blocking"))
        {
            throw Bad($"logger: logging mode not supported: {mode}; there are blocking and non-blocking");
        }

        if (Option("max-buffer-size") is not { } size)
        {
            return (mode == "non-blocking", DefaultBuffer);
        }

        if (mode != "non-blocking")
        {
            throw Bad("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
        }

        return ByteSize.TryParse(size, out var bytes) && bytes > 0
            ? (true, bytes)
            : throw Bad($"error parsing option max-buffer-size: invalid size: '{size}': it is a size such as 4m");
    }

    private void RefuseUnknown()
    {
        string[] known = driver switch
        {
            LogDriver.Local => file,
            LogDriver.Journald => attributes,
            LogDriver.Syslog => [.. attributes, "syslog-address", "syslog-facility", "syslog-format", .. syslogTls],
            _ => [.. file, .. attributes],
        };
        foreach (var name in options.Keys)
        {
            if (!known.Contains(name) && !common.Contains(name))
            {
                var of = driver == LogDriver.Local ? "log driver local" : $"{driver} log driver";
                throw Bad($"unknown log opt '{name}' for {of}; it has {string.Join(", ", known.Order(StringComparer.Ordinal))}, mode and max-buffer-size");
            }
        }
    }

    /// <param name="prefix">"cache-" for the files beside a receiver.</param>
    private LogPlan Files(string prefix, long defaultSize, int defaultFiles, bool defaultCompress)
    {
        var plan = new LogPlan
        {
            Driver = driver,
            MaxSizeBytes = Option(prefix + "max-size") is { } size ? size == "-1" ? 0 : Size(prefix + "max-size", size) : defaultSize,
            MaxFiles = Option(prefix + "max-file") is { } count ? Count(prefix + "max-file", count) : defaultFiles,
        };
        var compress = Flag(prefix + "compress");
        if (plan.MaxFiles > 1 && plan.MaxSizeBytes == 0)
        {
            throw Bad($"unsupported: '{prefix}max-file' is set to {plan.MaxFiles} without a '{prefix}max-size'");
        }

        if (compress == true && plan.MaxFiles < 2)
        {
            throw Bad($"{prefix}compress cannot be true when {prefix}max-file is less than 2 or {prefix}max-size is not set");
        }

        return plan with { Compress = (compress ?? defaultCompress) && plan.MaxFiles > 1 };
    }

    private static long Size(string name, string value) => ByteSize.TryParse(value, out var bytes) && bytes > 0
        ? bytes
        : throw Bad($"invalid value for {name}: \"{value}\": it is a size such as 10m");

    private static int Count(string name, string value) => int.TryParse(value, CultureInfo.InvariantCulture, out var files) && files >= 1
        ? files
        : throw Bad($"invalid value for {name}: \"{value}\": it is a number, at least 1");

    private Dictionary<string, string>? Attributes(IReadOnlyDictionary<string, string> labels, IReadOnlyList<string> environment)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in environment)
        {
            if (variable.Split('=', 2) is [var name, var value])
            {
                variables[name] = value;
            }
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("labels", labels);
        Add("env", variables);
        return found.Count == 0 ? null : found;

        void Add(string option, IReadOnlyDictionary<string, string> from)
        {
            foreach (var name in (Option(option) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (from.TryGetValue(name, out var value))
                {
                    found[name] = value;
                }
            }

            if (Option($"{option}-regex") is { } pattern)
            {
                foreach (var (name, value) in Matching($"{option}-regex", pattern, from))
                {
                    found[name] = value;
                }
            }
        }
    }

    private static KeyValuePair<string, string>[] Matching(string option, string pattern, IReadOnlyDictionary<string, string> from)
    {
        try
        {
            var regex = new Regex(pattern, RegexOptions.CultureInvariant, regexLimit);
            return [.. from.Where(pair => regex.IsMatch(pair.Key))];
        }
        catch (RegexParseException malformed)
        {
            throw Bad($"invalid value for {option}: \"{pattern}\": {malformed.Message}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw Bad($"invalid value for {option}: \"{pattern}\": it takes too long to match");
        }
    }

    private SyslogPlan Syslog()
    {
        foreach (var name in syslogTls)
        {
            if (Option(name) is not null)
            {
                throw Bad($"log opt '{name}' is not available: {NoTls}");
            }
        }

        var plan = SyslogAddress(Option("syslog-address"));
        return plan with { Facility = Facility(Option("syslog-facility")), Format = Format(Option("syslog-format")) };
    }

    private const string NoTls =
        "Berth's syslog driver has no TLS, since each container's log is sent by a process too small for it; send to a syslog on this host that forwards by TLS";

    private static SyslogPlan SyslogAddress(string? address)
    {
        if (address is null)
        {
            return new SyslogPlan { Transport = LogTransport.UnixEither };
        }

        var scheme = address.Split("://", 2) is [var name, _] ? name : "";
        var rest = scheme.Length == 0 ? address : address[(scheme.Length + 3)..];
        switch (scheme)
        {
            case "unix" or "unixgram":
                if (!rest.StartsWith('/'))
                {
                    throw Bad($"invalid value for syslog-address: \"{address}\": a socket's path is absolute");
                }

                return new SyslogPlan { Transport = scheme == "unix" ? LogTransport.UnixStream : LogTransport.UnixDatagram, Path = rest };
            case "tcp+tls":
                throw Bad($"invalid value for syslog-address: \"{address}\": {NoTls}");
            case "tcp" or "udp":
                var (host, port) = HostAndPort(address, rest.TrimEnd('/'));
                return new SyslogPlan { Transport = scheme == "tcp" ? LogTransport.Tcp : LogTransport.Udp, Host = host, Port = port };
            default:
                throw Bad($"unsupported scheme: '{scheme}' in the log opt syslog-address \"{address}\"; there are tcp, udp, unix and unixgram");
        }
    }

    private static (string Host, int Port) HostAndPort(string address, string text)
    {
        const int defaultPort = 514;
        var close = text.LastIndexOf(']');
        var colon = text.LastIndexOf(':');
        if (colon < close || (close < 0 && colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) != colon))
        {
            colon = -1; // within the brackets of an IPv6 address, or in one without any
        }

        var host = (colon < 0 ? text : text[..colon]).Trim('[', ']');
        var port = defaultPort;
        return host.Length > 0 && (colon < 0 || (int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65536))
            ? (host, port)
            : throw Bad($"invalid value for syslog-address: \"{address}\": it is a scheme, a host and perhaps a port, such as udp://logs.example.com:514");
    }

    private static readonly string[] facilities =
    [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "", "",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    private static int Facility(string? text)
    {
        const int daemon = 3;
        if (text is null)
        {
            return daemon;
        }

        var number = Array.IndexOf(facilities, text);
        return number >= 0 || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= 23)
            ? number
            : throw Bad($"invalid syslog facility: \"{text}\": it is one of {string.Join(", ", facilities.Where(name => name.Length > 0))}, or a number from 0 to 23");
    }

    private static SyslogFormat Format(string? text) => text switch
    {
        null => SyslogFormat.Local,
        "rfc3164" => SyslogFormat.Rfc3164,
        "rfc5424" => SyslogFormat.Rfc5424,
        "rfc5424micro" => SyslogFormat.Rfc5424Micro,
        _ => throw Bad($"Invalid syslog format: \"{text}\"; there are rfc3164, rfc5424 and rfc5424micro"),
    };
}
