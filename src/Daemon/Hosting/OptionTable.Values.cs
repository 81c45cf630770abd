using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Berth.Daemon.Hosting;

/// <summary>Readers of values; each error names the option and what is allowed.</summary>
internal static partial class OptionTable
{
    /// <summary>Switches that "features" and --feature know.</summary>
    public static IReadOnlyList<string> FeatureNames { get; } = ["cdi"];

    private static bool ParseFlag(string name, string text) => text switch
    {
        "true" or "1" or "t" or "T" or "TRUE" or "True" => true,
        "false" or "0" or "f" or "F" or "FALSE" or "False" => false,
        _ => throw new OptionException($"invalid {name} \"{text}\": must be true or false"),
    };

    private static string Absolute(string name, string path)
        => path.StartsWith('/') ? path : throw new OptionException($"invalid {name} \"{path}\": must be an absolute path");

    private static long Number(string name, string text, long lowest, long highest)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number
            : throw new OptionException($"invalid {name} \"{text}\": must be a number from {lowest} to {highest}");

    private static long Size(string name, string text)
    {
        var match = SizeForm().Match(text);
        if (!match.Success || !long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new OptionException($"invalid {name} \"{text}\": must be a size such as 64m");
        }

        var shift = match.Groups[2].Value.ToLowerInvariant() switch { "k" => 10, "m" => 20, "g" => 30, _ => 0 };
        return number <= long.MaxValue >> shift ? number << shift : throw new OptionException($"invalid {name} \"{text}\": too large");
    }

    private static string Ip(string name, string text)
        => IPAddress.TryParse(text, out _) ? text : throw new OptionException($"invalid {name} \"{text}\": must be an IP address");

    private static string Network(string name, string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var valid = slash > 0 && IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
            && prefix <= address.GetAddressBytes().Length * 8;
        return valid ? text : throw new OptionException($"invalid {name} \"{text}\": must be an address and a prefix length, such as 172.30.0.1/16");
    }

    private static DaemonOptions AddAddressPool(DaemonOptions options, string text)
    {
        try
        {
            Networks.NetworkOptions.ParsePool(text);
            return options with { DefaultAddressPools = [.. options.DefaultAddressPools, text] };
        }
        catch (Berth.Shared.Errors.EngineException wrong)
        {
            throw new OptionException(wrong.Message);
        }
    }

    // {"base": "10.10.0.0/16", "size": 24}
    private static DaemonOptions AddAddressPool(DaemonOptions options, string name, JsonElement pool)
        => AddAddressPool(options, string.Join(',', pool.EnumerateObject().Select(member => $"{member.Name}={member.Value}")));

    private static string InterfaceName(string name)
        => InterfaceNameForm().IsMatch(name) ? name : throw new OptionException($"invalid bridge \"{name}\": a network interface has a name of up to 15 letters, digits, dots, dashes and underscores");

    private static string KeyValue(string name, string text, out string value)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new OptionException($"invalid {name} \"{text}\": must be of the form key=value");
        }

        value = text[(equals + 1)..];
        return text[..equals];
    }

    private static LogLevel ParseLogLevel(string text) => text switch
    {
        "debug" or "trace" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" or "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" => LogLevel.Critical,
        _ => throw new OptionException($"invalid log-level \"{text}\": must be debug, info, warn, error or fatal"),
    };

    private static DaemonLogFormat ParseLogFormat(string text) => text switch
    {
        "text" => DaemonLogFormat.Text,
        "json" => DaemonLogFormat.Json,
        _ => throw new OptionException($"invalid log-format \"{text}\": must be text or json"),
    };

    private static string OneOf(string name, string text, params ReadOnlySpan<string> allowed)
        => allowed.Contains(text) ? text : throw new OptionException($"invalid {name} \"{text}\": must be {string.Join(" or ", allowed)}");

    /// <summary>Docker writes it with and without the leading slash.</summary>
    private static string CgroupPath(string path) => path switch
    {
        "" => throw new OptionException("invalid cgroup-parent \"\": must be a path such as /berth"),
        _ when path.EndsWith(".slice", StringComparison.Ordinal) => throw new OptionException($"invalid cgroup-parent \"{path}\": slices belong to the systemd cgroup driver; must be a path such as /berth"),
        _ when path.Split('/').Contains("..") => throw new OptionException($"invalid cgroup-parent \"{path}\": must be a path without \"..\""),
        _ => path.StartsWith('/') ? path : $"/{path}",
    };

    private static DaemonOptions AddRuntime(DaemonOptions options, string name, JsonElement runtime)
    {
        string? program = null;
        var arguments = new List<string>();
        foreach (var member in runtime.EnumerateObject())
        {
            switch (member.Name, member.Value.ValueKind)
            {
                case ("path", JsonValueKind.String):
                    program = member.Value.GetString();
                    break;
                case ("runtimeArgs", JsonValueKind.Array) when member.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String):
                    arguments.AddRange(member.Value.EnumerateArray().Select(item => item.GetString()!)); // not null for a string
                    break;
                case ("path", _):
                    throw new OptionException($"runtime \"{name}\": \"path\" must be a string");
                case ("runtimeArgs", _):
                    throw new OptionException($"runtime \"{name}\": \"runtimeArgs\" must be an array of strings");
                case ("runtimeType" or "options", _):
                    throw new OptionException($"runtime \"{name}\": \"{member.Name}\" is for containerd's shims, which Berth does not use; give the program's \"path\"");
                default:
                    throw new OptionException($"runtime \"{name}\": unknown key \"{member.Name}\"; known are \"path\" and \"runtimeArgs\"");
            }
        }

        if (program is null)
        {
            throw new OptionException($"runtime \"{name}\" needs a \"path\"");
        }

        return options with
        {
            Runtimes = Added(options.Runtimes, name, Absolute("path of a runtime", program)),
            RuntimeArguments = arguments.Count == 0 ? options.RuntimeArguments : Added(options.RuntimeArguments, name, arguments),
        };
    }

    private static DaemonOptions AddUlimit(DaemonOptions options, string text)
    {
        var name = KeyValue("default-ulimit", text, out var limits);
        var parts = limits.Split(':');
        var soft = LimitNumber(name, parts[0]);
        return parts.Length <= 2
            ? AddUlimit(options, name, soft, parts.Length == 2 ? LimitNumber(name, parts[1]) : soft)
            : throw new OptionException($"invalid default-ulimit \"{text}\": must be of the form name=soft[:hard]");
    }

    /// <summary>As dockerd's file has it: {"Name": "nofile", "Soft": 1024, "Hard": 2048}.</summary>
    private static DaemonOptions AddUlimit(DaemonOptions options, string name, JsonElement limit)
    {
        long? soft = null, hard = null;
        foreach (var member in limit.EnumerateObject())
        {
            switch (member.Name.ToUpperInvariant())
            {
                case "NAME" when member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() == name:
                    break;
                case "NAME":
                    throw new OptionException($"default-ulimits: \"Name\" of \"{name}\" must be \"{name}\" too");
                case "SOFT":
                    soft = LimitNumber(name, member.Value.GetRawText());
                    break;
                case "HARD":
                    hard = LimitNumber(name, member.Value.GetRawText());
                    break;
                default:
                    throw new OptionException($"default-ulimits: unknown key \"{member.Name}\" of \"{name}\"; known are Name, Soft and Hard");
            }
        }

        return AddUlimit(options, name, soft ?? hard ?? throw new OptionException($"default-ulimits: \"{name}\" needs Soft or Hard"), hard ?? soft!.Value);
    }

    private static DaemonOptions AddUlimit(DaemonOptions options, string name, long soft, long hard)
    {
        if (!Containers.Planning.ContainerPlanner.IsUlimitName(name))
        {
            throw new OptionException($"invalid default-ulimit \"{name}\": it is no limit of setrlimit(2), such as nofile");
        }

        return hard != -1 && (soft == -1 || soft > hard)
            ? throw new OptionException($"invalid default-ulimit {name}: the soft limit {soft} must not be above the hard limit {hard}")
            : options with { DefaultUlimits = Added(options.DefaultUlimits, name, (soft, hard)) };
    }

    private static long LimitNumber(string name, string text)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= -1
            ? number
            : throw new OptionException($"invalid default-ulimit {name} \"{text}\": must be a number, or -1 for no limit");

    private static DaemonOptions AddFeature(DaemonOptions options, string text)
    {
        var name = KeyValue("feature", text, out var value);
        if (!FeatureNames.Contains(name))
        {
            var nearest = Suggestion.Nearest(name, FeatureNames);
            throw new OptionException($"unknown feature \"{name}\"{(nearest is null ? "" : $"; did you mean \"{nearest}\"?")}; known: {string.Join(", ", FeatureNames)}");
        }

        return options with { Features = Added(options.Features, name, ParseFlag($"feature {name}", value)) };
    }

    private static DaemonOptions AddProxy(DaemonOptions options, string text)
    {
        var name = KeyValue("proxies", text, out var value);
        return name switch
        {
            "http-proxy" => options with { HttpProxy = ProxyUrl(name, value) },
            "https-proxy" => options with { HttpsProxy = ProxyUrl(name, value) },
            "no-proxy" => options with { NoProxy = value },
            _ => throw new OptionException($"unknown key \"{name}\" of \"proxies\"; known are http-proxy, https-proxy and no-proxy"),
        };
    }

    private static string ProxyUrl(string name, string text)
        => text.Length == 0 || (Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url) && url.Scheme is "http" or "https" or "socks5")
            ? text
            : throw new OptionException($"invalid {name}: must be a URL such as http://proxy:3128"); // not the value: it may hold a password

    private static string? Remap(string text) => text switch
    {
        "" => null,
        _ when RemapForm().IsMatch(text) => text,
        _ => throw new OptionException($"invalid userns-remap \"{text}\": must be default, auto, user or user:group, by names or numbers"),
    };

    private static (uint First, uint Count) Pool(string text)
    {
        var parts = text.Split(':');
        return parts.Length == 2
            && uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && first > 0 && count >= 65536 && (ulong)first + count <= int.MaxValue
                ? (first, count)
                : throw new OptionException($"invalid userns-pool \"{text}\": must be first:count, with 65536 ids or more, all of them above 0 and below {int.MaxValue}");
    }

    private static string Mirror(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length == 0 && url.Fragment.Length == 0 && url.UserInfo.Length == 0
            ? text
            : throw new OptionException($"invalid registry-mirror \"{text}\": must be a URL such as https://mirror.example, without user, query or fragment");

    private static Dictionary<string, T> Added<T>(IReadOnlyDictionary<string, T> map, string key, T value) => new(map, StringComparer.Ordinal) { [key] = value };

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_][A-Za-z0-9_.-]*\$?)?$")]
    private static partial Regex RemapForm();

    [GeneratedRegex("^([0-9]+)([kKmMgGbB]?)[bB]?$")]
    private static partial Regex SizeForm();

    [GeneratedRegex(@"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$")]
    private static partial Regex InterfaceNameForm();
}
