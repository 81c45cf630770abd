using System.Globalization;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V1;

/// <summary>The blkio controller: weights (only with a scheduler that has them), throttling, counts.</summary>
internal static class V1BlockIo
{
    public static void Apply(string? directory, OciBlockIo io, LimitWriter limits)
    {
        if (io.Weight is > 0 and var weight)
        {
            limits.Set(directory, Bfq(directory, "blkio.weight"), weight, "block I/O weight", "10 to 1000");
        }

        if (io.LeafWeight is > 0 and var leafWeight)
        {
            limits.Set(directory, "blkio.leaf_weight", leafWeight, "block I/O leaf weight");
        }

        foreach (var device in io.WeightDevice ?? [])
        {
            var name = $"{device.Major}:{device.Minor}";
            if (device.Weight is > 0)
            {
                limits.Set(directory, Bfq(directory, "blkio.weight_device"), $"{name} {device.Weight}", $"block I/O weight of device {name}");
            }

            if (device.LeafWeight is > 0)
            {
                limits.Set(directory, "blkio.leaf_weight_device", $"{name} {device.LeafWeight}", $"block I/O leaf weight of device {name}");
            }
        }

        Throttle(directory, "blkio.throttle.read_bps_device", io.ThrottleReadBpsDevice, limits);
        Throttle(directory, "blkio.throttle.write_bps_device", io.ThrottleWriteBpsDevice, limits);
        Throttle(directory, "blkio.throttle.read_iops_device", io.ThrottleReadIopsDevice, limits);
        Throttle(directory, "blkio.throttle.write_iops_device", io.ThrottleWriteIopsDevice, limits);
    }

    private static void Throttle(string? directory, string file, OciThrottleDevice[]? devices, LimitWriter limits)
    {
        foreach (var device in devices ?? [])
        {
            limits.Set(directory, file, $"{device.Major}:{device.Minor} {device.Rate}", $"I/O limit of device {device.Major}:{device.Minor}");
        }
    }

    /// <summary>Since CFQ went (Linux 5.0), weights exist under BFQ's name, if at all.</summary>
    private static string Bfq(string? directory, string file)
    {
        var bfq = file.Replace("blkio.", "blkio.bfq.", StringComparison.Ordinal);
        return directory is not null && File.Exists($"{directory}/{bfq}") ? bfq : file;
    }

    /// <summary>BFQ's counts where it schedules, else CFQ's, else those of the throttling layer, which sees every request.</summary>
    public static CgroupIoStats Stats(string directory)
    {
        foreach (var prefix in (string[])["blkio.bfq.", "blkio.", "blkio.throttle."])
        {
            var bytes = Parse(KernelFiles.ReadTextOrNull($"{directory}/{prefix}io_service_bytes_recursive"));
            if (bytes.Count > 0)
            {
                return new CgroupIoStats { ServiceBytes = bytes, Serviced = Parse(KernelFiles.ReadTextOrNull($"{directory}/{prefix}io_serviced_recursive")) };
            }
        }

        return new CgroupIoStats();
    }

    /// <summary>Lines "8:0 Read 4096"; the last, "Total n", is the sum over devices and is left out.</summary>
    internal static IReadOnlyList<CgroupIoEntry> Parse(string? text)
    {
        var entries = new List<CgroupIoEntry>();
        foreach (var line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 4
                && ulong.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
                && ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                && ulong.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                entries.Add(new CgroupIoEntry(major, minor, words[2], value));
            }
        }

        return entries;
    }
}
