namespace Berth.Kit;

/// <summary>Looks for what an engine with its own directory and bridge may have left in the kernel.</summary>
public static class Leftovers
{
    /// <param name="directory">The engine's directory: no mount, no process may name it.</param>
    /// <param name="bridge">The engine's bridge, whose name also marks its cgroups and nft tables.</param>
    /// <param name="log">The engine's log, for the message.</param>
    /// <exception cref="InvalidOperationException">Something is left; the message lists it.</exception>
    public static async Task CheckAsync(string directory, string bridge, Func<string> log)
    {
        List<string> left = [];
        try
        {
            // The kernel takes namespaces down a moment after their last process.
            await Host.EventuallyAsync(
                async () => (left = await FindAsync(directory, bridge)).Count == 0, "nothing is left", TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"left behind:\n{string.Join('\n', left)}\n\nlog:\n{log()}");
        }
    }

    private static async Task<List<string>> FindAsync(string directory, string bridge)
    {
        List<string> left = [];
        left.AddRange(File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(directory, StringComparison.Ordinal)).Select(line => $"mount {line}"));
        left.AddRange(Directory.GetDirectories("/sys/class/net").Where(link => Path.GetFileName(link).StartsWith(bridge, StringComparison.Ordinal)).Select(link => $"link {link}"));
        left.AddRange(Directory.EnumerateDirectories("/sys/fs/cgroup", bridge, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true }).Select(group => $"cgroup {group}"));
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(name => char.IsAsciiDigit(Path.GetFileName(name)[0])))
        {
            try
            {
                var command = File.ReadAllText(Path.Combine(process, "cmdline"));
                if (command.Contains(directory, StringComparison.Ordinal))
                {
                    left.Add($"process {Path.GetFileName(process)} {command.Replace('\0', ' ')}");
                }
            }
            catch (IOException)
            {
                // It has ended while we looked.
            }
        }

        if (Host.Find("nft") is { } nft)
        {
            var tables = (await new Command(nft, "list", "tables").RunAsync()).Output;
            left.AddRange(tables.Split('\n').Where(line => line.Contains(bridge, StringComparison.Ordinal)).Select(line => $"nft {line}"));
        }

        return left;
    }
}
