namespace Berth.Daemon.Networks;

/// <summary>/proc/sys/net of the network namespace that the calling thread is in.</summary>
internal static class HostSettings
{
    /// <summary>Whether this kernel speaks IPv6 at all.</summary>
    public static bool HasIPv6 { get; } = Directory.Exists("/proc/sys/net/ipv6");

    /// <summary>Whether programs in the calling thread's namespace can listen at IPv6 addresses.</summary>
    public static bool ListensIPv6 => HasIPv6 && Read("net/ipv6/conf/lo/disable_ipv6") == "0";

    /// <param name="name">With slashes, such as net/ipv4/ip_forward.</param>
    /// <returns>Null when the kernel has no such setting.</returns>
    public static string? Read(string name)
    {
        try
        {
            return File.ReadAllText("/proc/sys/" + name).Trim();
        }
        catch (IOException error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The kernel refuses, or has no such setting.</exception>
    public static void Write(string name, string value)
    {
        using var file = File.OpenHandle("/proc/sys/" + name, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes(value), 0);
    }

    /// <summary>Writes a setting that need not exist.</summary>
    public static void TryWrite(string name, string value)
    {
        try
        {
            Write(name, value);
        }
        catch (IOException error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // A kernel without IPv6 has nothing to switch off.
        }
    }

    /// <summary>
    /// To be called before IPv6 forwarding is switched on: a host that forwards takes no router's announcements any more, and would lose its own default
    /// route, unless its interfaces are told to take them all the same.
    /// </summary>
    public static void KeepRouterAnnouncements()
    {
        const string whenHost = "1", always = "2";
        const string interfaces = "/proc/sys/net/ipv6/conf";
        if (!Directory.Exists(interfaces))
        {
            return;
        }

        foreach (var name in Directory.EnumerateDirectories(interfaces).Select(Path.GetFileName).Where(name => name is not ("all" or "default" or "lo")))
        {
            var setting = $"net/ipv6/conf/{name}/accept_ra";
            if (Read(setting) == whenHost)
            {
                TryWrite(setting, always);
            }
        }
    }
}
