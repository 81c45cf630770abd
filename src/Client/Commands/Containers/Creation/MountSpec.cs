using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The value of --mount: comma-separated key=value fields, quoted as in CSV when they hold commas.</summary>
internal sealed class MountSpec
{
    private readonly Dictionary<string, string> _fields = [];
    private readonly List<string> _volumeLabels = [];
    private readonly List<string> _volumeOptions = [];

    private MountSpec(string text) => Text = text;

    private string Text { get; }

    private string Type => _fields.GetValueOrDefault("type", "volume");

    /// <exception cref="CommandFailedException">A field is unknown, missing, or does not fit the mount's type.</exception>
    public static MountSpec Parse(string text)
    {
        var mount = new MountSpec(text);
        foreach (var field in CsvFields.Split(text))
        {
            mount.Take(field);
        }

        mount.Check();
        return mount;
    }

    public void Write(Utf8JsonWriter json, string currentDirectory)
    {
        json.WriteStartObject();
        json.WriteString(nameof(Type), Type);
        if (_fields.TryGetValue("source", out var source))
        {
            // A relative source is the client's: the daemon has another current directory, or another machine.
            json.WriteString("Source", Type == "bind" && !source.StartsWith('/') ? Path.GetFullPath(source, currentDirectory) : source);
        }

        json.WriteString("Target", _fields["target"]);
        if (_fields.TryGetValue("readonly", out var readOnly) && readOnly == "true")
        {
            json.WriteBoolean("ReadOnly", true);
        }

        if (_fields.TryGetValue("consistency", out var consistency))
        {
            json.WriteString("Consistency", consistency);
        }

        WriteTypeOptions(json);
        json.WriteEndObject();
    }

    private void Take(string field)
    {
        var pair = field.Split('=', 2);
        var key = pair[0].Trim().ToLowerInvariant();
        var value = pair.Length == 2 ? pair[1] : null;
        switch (key)
        {
            case "readonly" or "ro":
                _fields["readonly"] = Flag(key, value);
                return;
            case "bind-nonrecursive" or "bind-create-src" or "volume-nocopy":
                _fields[key] = Flag(key, value);
                return;
        }

        if (value is null)
        {
            throw Wrong($"invalid field '{field}' must be a key=value pair");
        }

        switch (key)
        {
            case "type":
                _fields["type"] = value.ToLowerInvariant();
                break;
            case "source" or "src":
                _fields["source"] = value;
                break;
            case "target" or "dst" or "destination":
                _fields["target"] = value;
                break;
            case "volume-label":
                _volumeLabels.Add(value);
                break;
            case "volume-opt":
                _volumeOptions.Add(value);
                break;
            case "consistency" or "bind-propagation" or "bind-recursive" or "volume-driver" or "volume-subpath" or "tmpfs-size" or "tmpfs-mode" or "image-subpath":
                _fields[key] = value;
                break;
            default:
                throw Wrong($"unexpected key '{key}' in '{field}'");
        }
    }

    private void Check()
    {
        if (Type is not ("bind" or "volume" or "tmpfs" or "image"))
        {
            throw Wrong($"unknown mount type '{Type}'");
        }

        if (!_fields.ContainsKey("target"))
        {
            throw Wrong("target is required");
        }

        if (Type is "bind" or "image" && !_fields.ContainsKey("source"))
        {
            throw Wrong($"a {Type} mount needs a source");
        }

        CheckRecursion();
        foreach (var prefix in new[] { "bind", "volume", "tmpfs", "image" })
        {
            var isUsed = _fields.Keys.Any(key => key.StartsWith(prefix + "-", StringComparison.Ordinal))
                || (prefix == "volume" && (_volumeLabels.Count > 0 || _volumeOptions.Count > 0));
            if (isUsed && Type != prefix)
            {
                throw Wrong($"cannot mix '{prefix}-*' options with mount type '{Type}'");
            }
        }
    }

    /// <summary>How read-only the mounts below the source become can only be said of a read-only mount.</summary>
    private void CheckRecursion()
    {
        var recursive = _fields.GetValueOrDefault("bind-recursive");
        if (recursive is "writable" or "readonly" && _fields.GetValueOrDefault("readonly") != "true")
        {
            throw Wrong($"option 'bind-recursive={recursive}' requires 'readonly' to be specified in conjunction");
        }

        if (recursive == "readonly" && _fields.GetValueOrDefault("bind-propagation") != "rprivate")
        {
            throw Wrong("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
        }
    }

    private void WriteTypeOptions(Utf8JsonWriter json)
    {
        switch (Type)
        {
            case "bind" when Has("bind-propagation") || Has("bind-nonrecursive") || Has("bind-create-src") || Has("bind-recursive"):
                WriteBindOptions(json);
                break;
            case "volume" when Has("volume-nocopy") || Has("volume-driver") || Has("volume-subpath") || _volumeLabels.Count > 0 || _volumeOptions.Count > 0:
                WriteVolumeOptions(json);
                break;
            case "tmpfs" when Has("tmpfs-size") || Has("tmpfs-mode"):
                json.WriteStartObject("TmpfsOptions");
                if (_fields.TryGetValue("tmpfs-size", out var size))
                {
                    json.WriteNumber("SizeBytes", Quantity(size));
                }

                if (_fields.TryGetValue("tmpfs-mode", out var mode))
                {
                    json.WriteNumber("Mode", Octal(mode));
                }

                json.WriteEndObject();
                break;
            case "image" when Has("image-subpath"):
                json.WriteStartObject("ImageOptions");
                json.WriteString("Subpath", _fields["image-subpath"]);
                json.WriteEndObject();
                break;
        }
    }

    private void WriteBindOptions(Utf8JsonWriter json)
    {
        json.WriteStartObject("BindOptions");
        if (_fields.TryGetValue("bind-propagation", out var propagation))
        {
            json.WriteString("Propagation", propagation.ToLowerInvariant());
        }

        WriteFlag(json, "bind-nonrecursive", "NonRecursive");
        WriteFlag(json, "bind-create-src", "CreateMountpoint");
        if (_fields.TryGetValue("bind-recursive", out var recursive))
        {
            switch (recursive)
            {
                case "enabled":
                    break;
                case "disabled":
                    json.WriteBoolean("NonRecursive", true);
                    break;
                case "writable":
                    json.WriteBoolean("ReadOnlyNonRecursive", true);
                    break;
                case "readonly":
                    json.WriteBoolean("ReadOnlyForceRecursive", true);
                    break;
                default:
                    throw Wrong($"invalid value for bind-recursive: {recursive} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")");
            }
        }

        json.WriteEndObject();
    }

    private void WriteVolumeOptions(Utf8JsonWriter json)
    {
        json.WriteStartObject("VolumeOptions");
        WriteFlag(json, "volume-nocopy", "NoCopy");
        if (_fields.TryGetValue("volume-subpath", out var subpath))
        {
            json.WriteString("Subpath", subpath);
        }

        if (_volumeLabels.Count > 0)
        {
            KeyValueTexts.Write(json, "Labels", _volumeLabels);
        }

        if (Has("volume-driver") || _volumeOptions.Count > 0)
        {
            json.WriteStartObject("DriverConfig");
            if (_fields.TryGetValue("volume-driver", out var driver))
            {
                json.WriteString("Name", driver);
            }

            if (_volumeOptions.Count > 0)
            {
                KeyValueTexts.Write(json, "Options", _volumeOptions);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteFlag(Utf8JsonWriter json, string key, string name)
    {
        if (_fields.GetValueOrDefault(key) == "true")
        {
            json.WriteBoolean(name, true);
        }
    }

    private bool Has(string key) => _fields.ContainsKey(key);

    private string Flag(string key, string? value) => value switch
    {
        null or "true" or "1" => "true",
        "false" or "0" => "false",
        _ => throw Wrong($"invalid value for {key}: {value}"),
    };

    private long Quantity(string size)
    {
        try
        {
            return Quantities.ParseBytes(size);
        }
        catch (FormatException wrong)
        {
            throw Wrong(wrong.Message);
        }
    }

    private long Octal(string mode)
        => mode.Length is > 0 and < 6 && mode.All(static digit => digit is >= '0' and <= '7')
            ? Convert.ToInt64(mode, 8)
            : throw Wrong($"invalid value for tmpfs-mode: {mode}");

    private CommandFailedException Wrong(string why) => new($"invalid argument \"{Text}\" for \"--mount\" flag: {why}", 125);
}
