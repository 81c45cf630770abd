using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The body of <c>POST /containers/create</c>, written from the command line.</summary>
/// <remarks>
/// Written field by field: the wire type's serializer would have to learn some two hundred properties on each start of the client, of which a
/// command line uses ten. A test reads what is written here back into the wire type, and accepts no name the type lacks.
/// </remarks>
internal sealed class ContainerRequest
{
    private readonly Invocation _call;
    private readonly string _currentDirectory;
    private readonly IReadOnlyList<PortSpec> _ports;
    private readonly List<NetworkSpec> _networks;
    private Utf8JsonWriter _json = null!; // set by ToJson before anything is written

    /// <exception cref="CommandFailedException">An option's value is wrong, or two options exclude each other.</exception>
    public ContainerRequest(Invocation call, bool isDetached, string? currentDirectory = null)
    {
        _call = call;
        _currentDirectory = currentDirectory ?? Environment.CurrentDirectory;
        Image = call.Arguments[0];
        IsTty = call.Get(ContainerOptions.Tty);
        OpensInput = call.Get(ContainerOptions.Interactive);
        RemovesItself = call.Get(ContainerOptions.Rm);
        var streams = call.Get(ContainerOptions.Attach);
        var attachesAll = streams.Count == 0 && !isDetached;
        AttachesInput = attachesAll ? OpensInput : streams.Contains("stdin");
        AttachesOutput = attachesAll || streams.Contains("stdout");
        AttachesError = attachesAll || streams.Contains("stderr");
        RefuseConflicts(isDetached, streams.Count > 0);
        _ports = [.. call.Get(ContainerOptions.Publish).SelectMany(PortSpec.Parse)];
        _networks = ReadNetworks();
    }

    public string Image { get; }

    public bool IsTty { get; }

    public bool OpensInput { get; }

    public bool RemovesItself { get; }

    public bool AttachesInput { get; }

    public bool AttachesOutput { get; }

    public bool AttachesError { get; }

    /// <param name="consoleSize">The client's terminal, so that the container's has the right size from its first line on.</param>
    public ReadOnlyMemory<byte> ToJson(Berth.Shared.Linux.WindowSize? consoleSize)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (_json = new Utf8JsonWriter(bytes))
        {
            _json.WriteStartObject();
            WriteConfig();
            WriteHealthcheck();
            _json.WriteStartObject("HostConfig");
            WriteHostConfig(consoleSize);
            WriteLimits();
            _json.WriteEndObject();
            WriteNetworking();
            _json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    private void RefuseConflicts(bool isDetached, bool namesStreams)
    {
        if (isDetached && namesStreams)
        {
            throw Wrong("conflicting options: cannot attach streams and run detached (-a and -d)");
        }

        if (RemovesItself && _call.Get(ContainerOptions.Restart) is { } policy && policy != "no" && policy.Length > 0)
        {
            throw Wrong("conflicting options: cannot specify both --restart and --rm");
        }

        if (_call.IsSet(ContainerOptions.Gpus))
        {
            throw Wrong("--gpus is not supported by this engine: give the container its devices with --device");
        }

        if (_call.Get(ContainerOptions.NoHealthcheck) && HasHealthOption())
        {
            throw Wrong("--no-healthcheck conflicts with --health-* options");
        }

        if (_call.Get(ContainerOptions.MemorySwappiness) is { } swappiness && swappiness is < -1 or > 100)
        {
            throw Wrong($"invalid value: {swappiness}. Valid memory swappiness range is 0-100");
        }

        if (_call.Get(ContainerOptions.StopTimeout) is < -1)
        {
            throw Wrong("--stop-timeout must be a number of seconds, or -1 to wait for ever");
        }
    }

    private bool HasHealthOption() => _call.IsSet(ContainerOptions.HealthCmd) || _call.IsSet(ContainerOptions.HealthInterval) || _call.IsSet(ContainerOptions.HealthRetries)
        || _call.IsSet(ContainerOptions.HealthStartInterval) || _call.IsSet(ContainerOptions.HealthStartPeriod) || _call.IsSet(ContainerOptions.HealthTimeout);

    private void WriteConfig()
    {
        Write("Hostname", _call.Get(ContainerOptions.Hostname));
        Write("Domainname", _call.Get(ContainerOptions.Domainname));
        Write("User", _call.Get(ContainerOptions.User));
        _json.WriteBoolean("AttachStdin", AttachesInput);
        _json.WriteBoolean("AttachStdout", AttachesOutput);
        _json.WriteBoolean("AttachStderr", AttachesError);
        Write("Tty", IsTty);
        Write("OpenStdin", OpensInput);
        Write("StdinOnce", OpensInput && AttachesInput); // the first attached client's end of input is the program's
        WriteList("Env", KeyValueTexts.Gather(_call.Get(ContainerOptions.EnvFile), _call.Get(ContainerOptions.Env), _call.World.Environment));
        if (_call.Arguments.Count > 1)
        {
            WriteList("Cmd", _call.Arguments.Skip(1));
        }

        if (_call.Get(ContainerOptions.Entrypoint) is { } entrypoint)
        {
            WriteList("Entrypoint", [entrypoint]);
        }

        _json.WriteString(nameof(Image), Image);
        WriteSet("Volumes", _call.Get(ContainerOptions.Volume).Where(static volume => !volume.Contains(':', StringComparison.Ordinal)));
        WriteSet("ExposedPorts", _call.Get(ContainerOptions.Expose).SelectMany(PortSpec.ParseExposed).Concat(_ports.Select(static port => port.ContainerPort)));
        Write("WorkingDir", _call.Get(ContainerOptions.Workdir));
        Write("MacAddress", _call.Get(ContainerOptions.MacAddress));
        WriteMap("Labels", KeyValueTexts.Gather(_call.Get(ContainerOptions.LabelFile), _call.Get(ContainerOptions.Label), null));
        Write("StopSignal", _call.Get(ContainerOptions.StopSignal));
        Write("StopTimeout", _call.Get(ContainerOptions.StopTimeout));
    }

    private void WriteHealthcheck()
    {
        if (!_call.Get(ContainerOptions.NoHealthcheck) && !HasHealthOption())
        {
            return;
        }

        _json.WriteStartObject("Healthcheck");
        if (_call.Get(ContainerOptions.NoHealthcheck))
        {
            WriteList("Test", ["NONE"]);
        }
        else if (_call.Get(ContainerOptions.HealthCmd) is { Length: > 0 } command)
        {
            WriteList("Test", ["CMD-SHELL", command]);
        }

        WriteNanoseconds("Interval", ContainerOptions.HealthInterval);
        WriteNanoseconds("Timeout", ContainerOptions.HealthTimeout);
        WriteNanoseconds("StartPeriod", ContainerOptions.HealthStartPeriod);
        WriteNanoseconds("StartInterval", ContainerOptions.HealthStartInterval);
        Write("Retries", _call.Get(ContainerOptions.HealthRetries));
        _json.WriteEndObject();
    }

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
        WriteList("Links", _call.Get(ContainerOptions.Link));
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

    private void WriteLimits()
    {
        Write("Memory", _call.Get(ContainerOptions.Memory));
        Write("MemoryReservation", _call.Get(ContainerOptions.MemoryReservation));
        Write("MemorySwap", _call.Get(ContainerOptions.MemorySwap));
        if (_call.Get(ContainerOptions.MemorySwappiness) is { } swappiness and >= 0)
        {
            _json.WriteNumber("MemorySwappiness", swappiness);
        }

        if (_call.IsSet(ContainerOptions.OomKillDisable))
        {
            _json.WriteBoolean("OomKillDisable", _call.Get(ContainerOptions.OomKillDisable));
        }

        Write("NanoCpus", _call.Get(ContainerOptions.Cpus));
        Write("CpuShares", _call.Get(ContainerOptions.CpuShares));
        Write("CpuPeriod", _call.Get(ContainerOptions.CpuPeriod));
        Write("CpuQuota", _call.Get(ContainerOptions.CpuQuota));
        Write("CpuRealtimePeriod", _call.Get(ContainerOptions.CpuRtPeriod));
        Write("CpuRealtimeRuntime", _call.Get(ContainerOptions.CpuRtRuntime));
        Write("CpusetCpus", _call.Get(ContainerOptions.CpusetCpus));
        Write("CpusetMems", _call.Get(ContainerOptions.CpusetMems));
        Write("PidsLimit", _call.Get(ContainerOptions.PidsLimit));
        Write("CgroupParent", _call.Get(ContainerOptions.CgroupParent));
        Write("BlkioWeight", _call.Get(ContainerOptions.BlkioWeight));
        WriteDeviceNumbers("BlkioWeightDevice", ContainerOptions.BlkioWeightDevice, "Weight", ParseWhole);
        WriteDeviceNumbers("BlkioDeviceReadBps", ContainerOptions.DeviceReadBps, "Rate", Quantities.ParseBytes);
        WriteDeviceNumbers("BlkioDeviceWriteBps", ContainerOptions.DeviceWriteBps, "Rate", Quantities.ParseBytes);
        WriteDeviceNumbers("BlkioDeviceReadIOps", ContainerOptions.DeviceReadIops, "Rate", ParseWhole);
        WriteDeviceNumbers("BlkioDeviceWriteIOps", ContainerOptions.DeviceWriteIops, "Rate", ParseWhole);
        WriteDevices();
        WriteUlimits();
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
        if (_call.Get(ContainerOptions.Restart) is not { Length: > 0 } text)
        {
            return;
        }

        var parts = text.Split(':');
        var retries = 0;
        if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out retries)))
        {
            throw Wrong($"invalid restart policy format: maximum retry count must be an integer: {text}");
        }

        _json.WriteStartObject("RestartPolicy");
        _json.WriteString("Name", parts[0]);
        _json.WriteNumber("MaximumRetryCount", retries);
        _json.WriteEndObject();
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

    private void WriteDeviceNumbers(string name, ListOption option, string numberName, Func<string, long> parse)
    {
        var texts = _call.Get(option);
        if (texts.Count == 0)
        {
            return;
        }

        _json.WriteStartArray(name);
        foreach (var text in texts)
        {
            var colon = text.LastIndexOf(':');
            if (colon <= 0 || !text.StartsWith("/dev/", StringComparison.Ordinal))
            {
                throw Wrong($"bad format for --{option.Name}: {text} (write /dev/name:number)");
            }

            _json.WriteStartObject();
            _json.WriteString("Path", text[..colon]);
            _json.WriteNumber(numberName, ParseOr(text, option, text[(colon + 1)..], parse));
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private static long ParseOr(string text, Option option, string number, Func<string, long> parse)
    {
        try
        {
            return parse(number);
        }
        catch (FormatException wrong)
        {
            throw new CommandFailedException($"invalid argument \"{text}\" for --{option.Name}: {wrong.Message}", 125, wrong);
        }
    }

    private static long ParseWhole(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new FormatException($"\"{text}\" is not a whole number");

    private void WriteDevices()
    {
        var devices = _call.Get(ContainerOptions.Device);
        if (devices.Count > 0)
        {
            _json.WriteStartArray("Devices");
            foreach (var device in devices.Select(DeviceSpec.Parse))
            {
                _json.WriteStartObject();
                _json.WriteString("PathOnHost", device.HostPath);
                _json.WriteString("PathInContainer", device.ContainerPath);
                _json.WriteString("CgroupPermissions", device.Permissions);
                _json.WriteEndObject();
            }

            _json.WriteEndArray();
        }

        WriteList("DeviceCgroupRules", _call.Get(ContainerOptions.DeviceCgroupRule));
    }

    private void WriteUlimits()
    {
        var limits = _call.Get(ContainerOptions.Ulimit);
        if (limits.Count == 0)
        {
            return;
        }

        _json.WriteStartArray("Ulimits");
        foreach (var text in limits)
        {
            var pair = text.Split('=', 2);
            var values = pair.Length == 2 ? pair[1].Split(':') : [];
            if (pair[0].Length == 0 || values.Length is < 1 or > 2)
            {
                throw Wrong($"invalid ulimit argument: {text}");
            }

            var soft = ParseLimit(values[0], text);
            var hard = ParseLimit(values[^1], text);
            if (hard != -1 && (soft == -1 || soft > hard))
            {
                throw Wrong($"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}");
            }

            _json.WriteStartObject();
            _json.WriteString("Name", pair[0]);
            _json.WriteNumber("Soft", soft);
            _json.WriteNumber("Hard", hard);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private static long ParseLimit(string value, string text) => value == "unlimited" ? -1
        : long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= -1 ? number
        : throw Wrong($"invalid ulimit argument: {text}");

    private List<NetworkSpec> ReadNetworks()
    {
        var networks = _call.Get(ContainerOptions.Network).Concat(_call.Get(ContainerOptions.Net)).Select(NetworkSpec.Parse).ToList();
        var aliases = _call.Get(ContainerOptions.NetworkAlias).Concat(_call.Get(ContainerOptions.NetAlias)).ToList();
        var hasOwnOptions = aliases.Count > 0 || _call.Get(ContainerOptions.LinkLocalIp).Count > 0
            || (_call.Get(ContainerOptions.Ip) ?? _call.Get(ContainerOptions.Ip6)) is not null;
        if (!hasOwnOptions)
        {
            return networks;
        }

        // --ip and its like belong to the first network, which is the default one when none is named.
        if (networks.Count == 0)
        {
            networks.Add(new NetworkSpec { Name = "default" });
        }

        var first = networks[0];
        first.Aliases.AddRange(aliases);
        first.LinkLocalAddresses.AddRange(_call.Get(ContainerOptions.LinkLocalIp));
        first.Address = _call.Get(ContainerOptions.Ip) ?? first.Address;
        first.Address6 = _call.Get(ContainerOptions.Ip6) ?? first.Address6;
        return networks;
    }

    private void WriteNetworking()
    {
        if (_networks.Count < 2 && !_networks.Any(static network => network.HasOptions))
        {
            return; // NetworkMode says it all
        }

        _json.WriteStartObject("NetworkingConfig");
        _json.WriteStartObject("EndpointsConfig");
        foreach (var network in _networks)
        {
            network.Write(_json);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void Write(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _json.WriteString(name, value);
        }
    }

    private void Write(string name, long? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }

    private void Write(string name, bool value)
    {
        if (value)
        {
            _json.WriteBoolean(name, value);
        }
    }

    private void WriteNanoseconds(string name, ValueOption<TimeSpan> option) => Write(name, _call.Get(option)?.Ticks * 100);

    private void WriteList(string name, IEnumerable<string> values)
    {
        var isEmpty = true;
        foreach (var value in values)
        {
            if (isEmpty)
            {
                _json.WriteStartArray(name);
                isEmpty = false;
            }

            _json.WriteStringValue(value);
        }

        if (!isEmpty)
        {
            _json.WriteEndArray();
        }
    }

    private void WriteMap(string name, IEnumerable<string> texts)
    {
        var isEmpty = true;
        foreach (var (key, value) in KeyValueTexts.ToMap(texts))
        {
            if (isEmpty)
            {
                _json.WriteStartObject(name);
                isEmpty = false;
            }

            _json.WriteString(key, value);
        }

        if (!isEmpty)
        {
            _json.WriteEndObject();
        }
    }

    /// <summary>A set as the API writes it: a map to empty objects.</summary>
    private void WriteSet(string name, IEnumerable<string> values)
    {
        var isEmpty = true;
        foreach (var value in values.Distinct())
        {
            if (isEmpty)
            {
                _json.WriteStartObject(name);
                isEmpty = false;
            }

            _json.WriteStartObject(value);
            _json.WriteEndObject();
        }

        if (!isEmpty)
        {
            _json.WriteEndObject();
        }
    }

    private static CommandFailedException Wrong(string words) => new(words, 125);
}
