using System.Globalization;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private const long MinimumMemory = 6L << 20;

    private ResourcePlan Resources()
    {
        if (_host.ShmSize < 0)
        {
            throw Bad($"SHM size can not be less than 0: HostConfig.ShmSize is {_host.ShmSize}");
        }

        return new ResourcePlan
        {
            Limits = new OciResources
            {
                Memory = Memory(),
                Cpu = Cpu(),
                Pids = _host.PidsLimit is > 0 ? new OciPids(_host.PidsLimit.Value) : null,
                BlockIo = _host.BlkioWeight is not (null or 0) ? new OciBlockIo { Weight = BlkioWeight(_host.BlkioWeight.Value) } : null,
                Devices = DeviceRules(),
            },
            ReadBps = Rates(_host.BlkioDeviceReadBps),
            WriteBps = Rates(_host.BlkioDeviceWriteBps),
            ReadIops = Rates(_host.BlkioDeviceReadIOps),
            WriteIops = Rates(_host.BlkioDeviceWriteIOps),
            Weights = [.. (_host.BlkioWeightDevice ?? []).Select(device => new BlockDeviceRate(DevicePath(device.Path), BlkioWeight(device.Weight)))],
            ShmSizeBytes = _host.ShmSize is > 0 ? _host.ShmSize.Value : _facts.DefaultShmSizeBytes,
            CgroupParent = CgroupParent(),
        };
    }

    private static EngineException Bad(string message) => new(ErrorKind.InvalidArgument, message);

    private OciMemory? Memory()
    {
        var (limit, swap, reservation) = (_host.Memory ?? 0, _host.MemorySwap ?? 0, _host.MemoryReservation ?? 0);
        if (limit is not 0 and < MinimumMemory)
        {
            throw Bad($"Minimum memory limit allowed is 6MB: HostConfig.Memory is {limit}");
        }

        if (limit > 0 && swap > 0 && swap < limit)
        {
            throw Bad($"Minimum memoryswap limit should be larger than memory limit, see usage: HostConfig.MemorySwap is {swap}, and Memory {limit}");
        }

        if (limit == 0 && swap > 0)
        {
            throw Bad($"You should always set the Memory limit when using Memoryswap limit, see usage: HostConfig.MemorySwap is {swap}");
        }

        if (swap < -1)
        {
            throw Bad($"invalid HostConfig.MemorySwap {swap}: it is a number of bytes, or -1 for no limit");
        }

        if (reservation is not 0 and < MinimumMemory)
        {
            throw Bad($"Minimum memory reservation allowed is 6MB: HostConfig.MemoryReservation is {reservation}");
        }

        if (limit > 0 && reservation > limit)
        {
            throw Bad($"Minimum memory limit can not be less than memory reservation limit, see usage: HostConfig.MemoryReservation is {reservation}, and Memory {limit}");
        }

        var swappiness = Swappiness();
        var disableOom = _host.OomKillDisable == true;
        if (disableOom && _facts.IsCgroupV2)
        {
            _warnings.Add("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
            disableOom = false;
        }
        else if (disableOom && limit == 0)
        {
            _warnings.Add("OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.");
        }

        if (!_facts.HasSwapLimit && (swap != 0 || limit > 0))
        {
            if (swap > 0)
            {
                _warnings.Add("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.");
            }

            swap = 0;
        }
        else if (limit > 0 && swap == 0)
        {
            swap = limit > long.MaxValue / 2 ? -1 : limit * 2; // as much swap as memory, as Docker decides
        }

        if (limit == 0 && swap == 0 && reservation == 0 && swappiness is null && !disableOom)
        {
            return null;
        }

        return new OciMemory
        {
            Limit = limit == 0 ? null : limit,
            Swap = swap == 0 ? null : swap,
            Reservation = reservation == 0 ? null : reservation,
            Swappiness = swappiness,
            DisableOomKiller = disableOom ? true : null,
        };
    }

    private ulong? Swappiness()
    {
        switch (_host.MemorySwappiness)
        {
            case null or -1:
                return null;
            case < -1 or > 100:
                throw Bad($"Invalid value: {_host.MemorySwappiness}, valid memory swappiness range is 0-100");
            case var _ when _facts.IsCgroupV2:
                _warnings.Add("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.");
                return null;
            case var value:
                return (ulong)value.Value;
        }
    }

    private OciCpu? Cpu()
    {
        var (shares, nano, period, quota) = (_host.CpuShares ?? 0, _host.NanoCpus ?? 0, _host.CpuPeriod ?? 0, _host.CpuQuota ?? 0);
        if (nano > 0 && period > 0)
        {
            throw Bad("Conflicting options: Nano CPUs and CPU Period cannot both be set");
        }

        if (nano > 0 && quota > 0)
        {
            throw Bad("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
        }

        if (nano < 0 || nano > _facts.ProcessorCount * 1_000_000_000L)
        {
            throw Bad(Invariant($"range of CPUs is from 0.01 to {_facts.ProcessorCount:0.00}, as there are only {_facts.ProcessorCount} CPUs available"));
        }

        if (shares < 0)
        {
            throw Bad($"invalid CPU shares ({shares}): value must be a positive integer");
        }

        if (period is not 0 and (< 1000 or > 1_000_000))
        {
            throw Bad($"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000): HostConfig.CpuPeriod is {period}");
        }

        if (quota is > 0 and < 1000)
        {
            throw Bad($"CPU cfs quota can not be less than 1ms (i.e. 1000): HostConfig.CpuQuota is {quota}");
        }

        if (nano > 0)
        {
            (period, quota) = (100_000, nano / 10_000); // quota in µs per 100 ms
            quota = Math.Max(quota, 1000);
        }

        var (realtimePeriod, realtimeRuntime) = (_host.CpuRealtimePeriod ?? 0, _host.CpuRealtimeRuntime ?? 0);
        if (realtimePeriod < 0 || realtimeRuntime < 0 || (realtimePeriod != 0 && realtimeRuntime > realtimePeriod))
        {
            throw Bad("cpu real-time runtime cannot be higher than cpu real-time period, and neither can be negative: "
                + $"HostConfig.CpuRealtimeRuntime is {realtimeRuntime}, HostConfig.CpuRealtimePeriod is {realtimePeriod}");
        }

        CheckCpuset("CpusetCpus", _host.CpusetCpus, _facts.ProcessorCount);
        CheckCpuset("CpusetMems", _host.CpusetMems, int.MaxValue);
        if (shares == 0 && period == 0 && quota == 0 && realtimePeriod == 0 && realtimeRuntime == 0 && string.IsNullOrEmpty(_host.CpusetCpus) && string.IsNullOrEmpty(_host.CpusetMems))
        {
            return null;
        }

        return new OciCpu
        {
            Shares = shares == 0 ? null : (ulong)Math.Max(shares, 2),
            Period = period == 0 ? null : (ulong)period,
            Quota = quota == 0 ? null : quota,
            RealtimePeriod = realtimePeriod == 0 ? null : (ulong)realtimePeriod,
            RealtimeRuntime = realtimeRuntime == 0 ? null : realtimeRuntime,
            Cpus = NullIfEmpty(_host.CpusetCpus),
            Mems = NullIfEmpty(_host.CpusetMems),
        };
    }

    private static void CheckCpuset(string field, string? list, int count)
    {
        foreach (var range in string.IsNullOrEmpty(list) ? [] : list.Split(','))
        {
            var ends = range.Split('-', 2);
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                || last < first)
            {
                throw Bad($"Invalid value {list} for {field}: it is a list such as 0-2,5");
            }

            if (last >= count)
            {
                throw Bad($"Requested CPUs are not available - requested {list}, available: 0-{count - 1}");
            }
        }
    }

    private static ushort BlkioWeight(int weight) => weight is >= 10 and <= 1000
        ? (ushort)weight
        : throw Bad($"Range of blkio weight is from 10 to 1000: it is {weight}");

    private static BlockDeviceRate[] Rates(List<ThrottleDevice>? devices) => [.. (devices ?? []).Select(device => new BlockDeviceRate(
        DevicePath(device.Path),
        device.Rate > 0 ? (ulong)device.Rate : throw Bad($"invalid rate {device.Rate} for device {device.Path}: it must be more than 0")))];

    private static string DevicePath(string? path) => path is not null && path.StartsWith('/')
        ? path
        : throw Bad($"invalid device path \"{path}\": it must be absolute");

    private string? CgroupParent()
    {
        if (string.IsNullOrEmpty(_host.CgroupParent))
        {
            return null;
        }

        if (_host.CgroupParent.EndsWith(".slice", StringComparison.Ordinal))
        {
            throw ContainerErrors.Invalid("HostConfig.CgroupParent", _host.CgroupParent, "slices belong to the systemd cgroup driver; Berth takes a path such as /group");
        }

        return _host.CgroupParent.Split('/').Contains("..")
            ? throw ContainerErrors.Invalid("HostConfig.CgroupParent", _host.CgroupParent, "it is a path without '..'")
            : ContainerPath.Clean("/" + _host.CgroupParent);
    }

    private DevicePlan[] Devices() => [.. (_host.Devices ?? []).Select(device =>
    {
        var access = string.IsNullOrEmpty(device.CgroupPermissions) ? "rwm" : device.CgroupPermissions;
        if (access.AsSpan().IndexOfAnyExcept("rwm") >= 0)
        {
            throw Bad($"invalid device mode: {access}: it is of the letters r, w and m");
        }

        var onHost = DevicePath(device.PathOnHost);
        return new DevicePlan(onHost, string.IsNullOrEmpty(device.PathInContainer) ? onHost : DevicePath(device.PathInContainer), access);
    })];

    /// <summary>What DeviceRequests ask for: CDI devices by name, and GPUs where CDI has them.</summary>
    private string[] CdiDevices()
    {
        var names = new List<string>();
        foreach (var request in _host.DeviceRequests ?? [])
        {
            var isGpu = (request.Capabilities ?? []).Exists(set => set.Contains("gpu"));
            switch (request.Driver ?? "")
            {
                case "cdi" when _facts.HasCdi:
                    names.AddRange(CdiNames(request));
                    break;
                case "" or "nvidia" when isGpu && _facts.HasCdi && _facts.HasCdiGpus:
                    names.AddRange(GpuNames(request));
                    break;
                default:
                    var wanted = string.Join(' ', (request.Capabilities ?? []).Select(set => $"[{string.Join(' ', set)}]"));
                    throw Bad($"could not select device driver \"{request.Driver}\" with capabilities: [{wanted}]");
            }
        }

        return [.. names];
    }

    private static List<string> CdiNames(DeviceRequest request)
    {
        if (request.Count != 0 || request.Options is { Count: > 0 } || request.DeviceIDs is not { Count: > 0 } ids)
        {
            throw Bad("invalid HostConfig.DeviceRequests: a request of the driver \"cdi\" has DeviceIDs, and neither Count nor Options");
        }

        return ids.TrueForAll(Cdi.CdiName.IsQualified)
            ? ids
            : throw Bad($"invalid HostConfig.DeviceRequests \"{ids.Find(id => !Cdi.CdiName.IsQualified(id))}\": a CDI device is named vendor/class=name");
    }

    private static IEnumerable<string> GpuNames(DeviceRequest request)
    {
        const string kind = "nvidia.com/gpu=";
        if (request.DeviceIDs is { Count: > 0 } ids)
        {
            return request.Count == 0 && ids.TrueForAll(Cdi.CdiName.IsDevice)
                ? ids.Select(id => kind + id)
                : throw Bad($"invalid HostConfig.DeviceRequests: GPUs are asked for either by Count or by DeviceIDs, these being numbers or UUIDs: {string.Join(", ", ids)}");
        }

        return request.Count switch
        {
            -1 => [kind + "all"],
            > 0 and <= 64 => Enumerable.Range(0, request.Count).Select(number => Invariant($"{kind}{number}")),
            _ => throw Bad($"invalid HostConfig.DeviceRequests: Count {request.Count} of GPUs: it is -1 for all, or from 1 to 64"),
        };
    }

    private OciDeviceRule[]? DeviceRules()
    {
        var rules = (_host.DeviceCgroupRules ?? []).Select(DeviceRule).ToArray();
        return rules.Length == 0 ? null : rules;
    }

    /// <summary>"c 42:* rmw", as the kernel writes device rules.</summary>
    private static OciDeviceRule DeviceRule(string rule)
    {
        var parts = rule.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var numbers = parts.Length == 3 ? parts[1].Split(':') : [];
        if (parts.Length != 3 || parts[0] is not ("a" or "b" or "c") || numbers.Length != 2
            || parts[2].AsSpan().IndexOfAnyExcept("rwm") >= 0 || !numbers.All(number => number == "*" || IsNumber(number)))
        {
            throw Bad($"invalid device cgroup rule format: '{rule}': HostConfig.DeviceCgroupRules has rules such as 'c 42:* rmw'");
        }

        return new OciDeviceRule { Allow = true, Type = parts[0], Major = Number(numbers[0]), Minor = Number(numbers[1]), Access = parts[2] };

        static long? Number(string text) => text == "*" ? null : long.Parse(text, CultureInfo.InvariantCulture);
    }
}
