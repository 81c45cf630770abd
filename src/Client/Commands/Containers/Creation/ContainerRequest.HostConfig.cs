using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers.Creation;

internal sealed partial class ContainerRequest // what the container is given of the host
{
    private void WriteHostConfig(Berth.Shared.Linux.WindowSize? consoleSize)
    {
        _json.WriteString("NetworkMode", _networks.Count > 0 ? _networks[0].Name : "default");
        WriteList("Binds", _call.Get(ContainerOptions.Volume).Where(static volume => volume.Contains(':', StringComparison.Ordinal)).Select(AbsoluteBind));
        WriteMounts();
        WriteMap("Tmpfs", _call.Get(ContainerOptions.Tmpfs).Select(static tmpfs => string.Join('=', tmpfs.Split(':', 2))));
        WriteList("VolumesFrom", _call.Get(ContainerOptions.VolumesFrom));
        Write("VolumeDriver", _call.Get(ContainerOptions.VolumeDriver));
        WritePortBindings();
        Write("PublishAllPorts", _call.Get(ContainerOptions.PublishAll));
        WriteRestartPolicy();
        Write("AutoRemove", RemovesItself);
        WriteList("CapAdd", _call.Get(ContainerOptions.CapAdd));
        WriteList("CapDrop", _call.Get(ContainerOptions.CapDrop));
        WriteList("GroupAdd", _call.Get(ContainerOptions.GroupAdd));
        WriteList("Dns", _call.Get(ContainerOptions.Dns));
        WriteList("DnsOptions", _call.Get(ContainerOptions.DnsOption));
        WriteList("DnsSearch", _call.Get(ContainerOptions.DnsSearch));
        WriteList("ExtraHosts", _call.Get(ContainerOptions.AddHost).Select(ReadHost));
        WriteList("Links", _call.Get(ContainerOptions.Link).Select(LinkSpec.Parse));
        Write("Privileged", _call.Get(ContainerOptions.Privileged));
        Write("ReadonlyRootfs", _call.Get(ContainerOptions.ReadOnly));
        WriteSecurityOptions();
        Write("CgroupnsMode", _call.Get(ContainerOptions.Cgroupns));
        Write("IpcMode", _call.Get(ContainerOptions.Ipc));
        Write("PidMode", _call.Get(ContainerOptions.Pid));
        Write("UTSMode", _call.Get(ContainerOptions.Uts));
        Write("UsernsMode", _call.Get(ContainerOptions.Userns));
        Write("Runtime", _call.Get(ContainerOptions.Runtime));
        Write("ShmSize", _call.Get(ContainerOptions.ShmSize));
        Write("OomScoreAdj", _call.Get(ContainerOptions.OomScoreAdj));
        WriteMap("Sysctls", _call.Get(ContainerOptions.Sysctl));
        WriteMap("StorageOpt", _call.Get(ContainerOptions.StorageOpt));
        WriteMap("Annotations", _call.Get(ContainerOptions.Annotation));
        if (_call.IsSet(ContainerOptions.Init))
        {
            _json.WriteBoolean("Init", _call.Get(ContainerOptions.Init));
        }

        WriteLogConfig();
        if (IsTty && consoleSize is { } size)
        {
            _json.WriteStartArray("ConsoleSize");
            _json.WriteNumberValue(size.Rows);
            _json.WriteNumberValue(size.Columns);
            _json.WriteEndArray();
        }
    }

    private string AbsoluteBind(string volume)
    {
        var colon = volume.IndexOf(':', StringComparison.Ordinal);
        var source = volume[..colon];
        return source is "." or ".." || source.StartsWith("./", StringComparison.Ordinal) || source.StartsWith("../", StringComparison.Ordinal)
            ? Path.GetFullPath(source, _currentDirectory) + volume[colon..]
            : volume;
    }

    private void WriteMounts()
    {
        var mounts = _call.Get(ContainerOptions.Mount);
        if (mounts.Count == 0)
        {
            return;
        }

        _json.WriteStartArray("Mounts");
        foreach (var mount in mounts)
        {
            MountSpec.Parse(mount).Write(_json, _currentDirectory);
        }

        _json.WriteEndArray();
    }

    private void WritePortBindings()
    {
        if (_ports.Count == 0)
        {
            return;
        }

        _json.WriteStartObject("PortBindings");
        foreach (var group in _ports.GroupBy(static port => port.ContainerPort))
        {
            _json.WriteStartArray(group.Key);
            foreach (var port in group)
            {
                _json.WriteStartObject();
                _json.WriteString("HostIp", port.HostAddress);
                _json.WriteString("HostPort", port.HostPort);
                _json.WriteEndObject();
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
    }

    private void WriteRestartPolicy()
    {
        if (_call.Get(ContainerOptions.Restart) is { Length: > 0 } text)
        {
            RestartPolicyText.Write(_json, text);
        }
    }

    private static string ReadHost(string text)
    {
        // name:address, and name=address, which is easier to read with IPv6.
        var separator = text.IndexOfAny(['=', ':']);
        return separator > 0 && separator < text.Length - 1 && !text[..separator].Contains('/', StringComparison.Ordinal)
            ? $"{text[..separator]}:{text[(separator + 1)..].Trim('[', ']')}"
            : throw Wrong($"bad format for add-host: \"{text}\"");
    }

    private void WriteSecurityOptions()
    {
        var options = new List<string>();
        foreach (var option in _call.Get(ContainerOptions.SecurityOpt))
        {
            if (option == "systempaths=unconfined")
            {
                // An empty list, unlike an absent one, masks nothing.
                _json.WriteStartArray("MaskedPaths");
                _json.WriteEndArray();
                _json.WriteStartArray("ReadonlyPaths");
                _json.WriteEndArray();
            }
            else
            {
                options.Add(ReadSecurityOption(option));
            }
        }

        WriteList("SecurityOpt", options);
    }

    /// <summary>A seccomp profile is a file of the client's: its text is what goes to the daemon.</summary>
    private static string ReadSecurityOption(string option)
    {
        var separator = option.IndexOfAny(['=', ':']);
        var (name, value) = separator < 0 ? (option, "") : (option[..separator], option[(separator + 1)..]);
        if (separator < 0 && name != "no-new-privileges" && name != "writable-cgroups")
        {
            throw Wrong($"invalid --security-opt: {option}");
        }

        if (name != "seccomp" || value is "unconfined" or "builtin")
        {
            return separator < 0 ? option : $"{name}={value}";
        }

        try
        {
            using var profile = JsonDocument.Parse(File.ReadAllBytes(value));
            return "seccomp=" + JsonIndenter.Compact(profile.RootElement.GetRawText());
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CommandFailedException($"opening seccomp profile ({value}) failed: {failed.Message}", 125, failed);
        }
    }

    private void WriteLogConfig()
    {
        var driver = _call.Get(ContainerOptions.LogDriver);
        var options = _call.Get(ContainerOptions.LogOpt);
        if (driver is null && options.Count == 0)
        {
            return;
        }

        if (driver == "none" && options.Count > 0)
        {
            throw Wrong("invalid logging opts for driver none");
        }

        _json.WriteStartObject("LogConfig");
        _json.WriteString("Type", driver ?? "");
        WriteMap("Config", options);
        _json.WriteEndObject();
    }
}
