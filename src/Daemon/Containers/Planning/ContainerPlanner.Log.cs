using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private LogPlan Log()
    {
        var named = _host.LogConfig?.Type is { Length: > 0 };
        var driver = named ? _host.LogConfig!.Type! : _facts.DefaultLogDriver; // named says that both are there
        var options = new Dictionary<string, string>(
            driver == _facts.DefaultLogDriver ? _facts.DefaultLogOptions : new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in _host.LogConfig?.Config ?? [])
        {
            options[key] = value;
        }

        return driver switch
        {
            "none" => new LogPlan { Driver = "none" },
            "json-file" => JsonFileLog(driver, options, defaultSize: 0, defaultFiles: 1, defaultCompress: false),
            // The same files as json-file; what sets it apart is that it is bounded without being told.
            "local" => JsonFileLog(driver, options, defaultSize: 20L << 20, defaultFiles: 5, defaultCompress: true),
            _ => throw new EngineException(ErrorKind.InvalidArgument,
                $"logger: no log driver named '{driver}' is registered; there are json-file, local and none"),
        };
    }

    private LogPlan JsonFileLog(string driver, Dictionary<string, string> options, long defaultSize, int defaultFiles, bool defaultCompress)
    {
        var plan = new LogPlan { Driver = driver, MaxSizeBytes = defaultSize, MaxFiles = defaultFiles, Compress = defaultCompress };
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in options)
        {
            switch (key)
            {
                case "max-size":
                    plan = plan with { MaxSizeBytes = value == "-1" ? 0 : LogSize(value) };
                    break;
                case "max-file":
                    plan = plan with
                    {
                        MaxFiles = int.TryParse(value, CultureInfo.InvariantCulture, out var files) && files >= 1
                            ? files
                            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid value for max-file: \"{value}\": it is a number, at least 1"),
                    };
                    break;
                case "compress":
                    plan = plan with
                    {
                        Compress = bool.TryParse(value, out var compress)
                            ? compress
                            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid value for compress: \"{value}\": it is true or false"),
                    };
                    break;
                case "mode" when value is "" or "blocking" or "non-blocking": // the container never waits for its log, in either mode
                case "max-buffer-size":
                    break;
                case "labels":
                    AddAttributes(attributes, value, name => _config.Labels?.GetValueOrDefault(name));
                    break;
                case "env":
                    AddAttributes(attributes, value, Variable);
                    break;
                case "tag" when value.Length == 0:
                    break;
                default:
                    throw new EngineException(ErrorKind.InvalidArgument,
                        $"unknown log opt '{key}' for {driver} log driver; it has max-size, max-file, compress, labels, env and mode");
            }
        }

        if (plan.MaxFiles > 1 && plan.MaxSizeBytes == 0)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"unsupported: 'max-file' is set to {plan.MaxFiles} without a 'max-size'");
        }

        if (options.GetValueOrDefault("compress") == "true" && plan.MaxFiles < 2)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "compress cannot be true when max-file is less than 2 or max-size is not set");
        }

        return plan with { Compress = plan.Compress && plan.MaxFiles > 1, Attributes = attributes.Count == 0 ? null : attributes };
    }

    private static long LogSize(string value) => ByteSize.TryParse(value, out var bytes) && bytes > 0
        ? bytes
        : throw new EngineException(ErrorKind.InvalidArgument, $"invalid value for max-size: \"{value}\": it is a size such as 10m");

    private static void AddAttributes(Dictionary<string, string> attributes, string names, Func<string, string?> find)
    {
        foreach (var name in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (find(name) is { } value)
            {
                attributes[name] = value;
            }
        }
    }

    private string? Variable(string name)
    {
        var set = (_config.Env ?? []).Find(variable => variable.StartsWith(name + "=", StringComparison.Ordinal));
        return set?[(name.Length + 1)..];
    }
}
