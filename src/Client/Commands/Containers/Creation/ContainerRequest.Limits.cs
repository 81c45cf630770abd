using System.Globalization;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers.Creation;

internal sealed partial class ContainerRequest // what it may use, and how much
{
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
        var named = _call.Get(ContainerOptions.Device);
        var devices = named.Where(static device => !DeviceSpec.IsQualifiedName(device)).ToList();
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

        WriteDeviceRequests([.. named.Where(DeviceSpec.IsQualifiedName)], _call.Get(ContainerOptions.Gpus));
        WriteList("DeviceCgroupRules", _call.Get(ContainerOptions.DeviceCgroupRule));
    }

    private void WriteDeviceRequests(IReadOnlyList<string> qualifiedNames, IReadOnlyList<string> gpus)
    {
        if (qualifiedNames.Count + gpus.Count == 0)
        {
            return;
        }

        _json.WriteStartArray("DeviceRequests");
        foreach (var request in gpus)
        {
            GpuSpec.Parse(request).Write(_json);
        }

        if (qualifiedNames.Count > 0)
        {
            _json.WriteStartObject();
            _json.WriteString("Driver", "cdi");
            WriteList("DeviceIDs", qualifiedNames);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
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
}
