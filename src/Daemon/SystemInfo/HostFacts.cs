using System.Globalization;
using System.Runtime.InteropServices;

namespace Berth.Daemon.SystemInfo;

/// <summary>What the machine says about itself in /proc and /etc.</summary>
internal static class HostFacts
{
    public static string KernelVersion { get; } = ReadLine("/proc/sys/kernel/osrelease");

    public static string HostName => ReadLine("/proc/sys/kernel/hostname");

    /// <summary>As uname(2) names it: x86_64, aarch64.</summary>
    public static string Machine { get; } = RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>As images name it: amd64, arm64.</summary>
    public static string ImageArchitecture { get; } = RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    public static long MemoryBytes { get; } = ReadMemory();

    public static bool Ipv4Forwarding => ReadLine("/proc/sys/net/ipv4/ip_forward") == "1";

    /// <summary>PRETTY_NAME and VERSION_ID of os-release(5).</summary>
    public static (string Name, string Version) OperatingSystem { get; } = ReadOsRelease();

    public static int OpenDescriptors => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static string ReadLine(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";

    private static long ReadMemory()
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal))
            {
                var kilobytes = line.AsSpan("MemTotal:".Length).Trim();
                return long.Parse(kilobytes[..kilobytes.IndexOf(' ')], CultureInfo.InvariantCulture) * 1024;
            }
        }

        return 0;
    }

    private static (string Name, string Version) ReadOsRelease()
    {
        var path = File.Exists("/etc/os-release") ? "/etc/os-release" : "/usr/lib/os-release";
        var (name, version) = ("Linux", "");
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))
            {
                name = line["PRETTY_NAME=".Length..].Trim('"', '\'');
            }
            else if (line.StartsWith("VERSION_ID=", StringComparison.Ordinal))
            {
                version = line["VERSION_ID=".Length..].Trim('"', '\'');
            }
        }

        return (name, version);
    }
}
