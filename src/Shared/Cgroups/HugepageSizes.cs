using System.Globalization;

namespace Berth.Shared.Cgroups;

/// <summary>The huge page sizes of this kernel by the names that hugetlb files carry: "2MB", "1GB".</summary>
internal static class HugepageSizes
{
    private const string Directory = "/sys/kernel/mm/hugepages";

    public static IReadOnlyList<string> All { get; } = System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.GetDirectories(Directory).Select(path => Name(Path.GetFileName(path))).Order(StringComparer.Ordinal)]
        : [];

    /// <param name="entry">Such as "hugepages-2048kB".</param>
    internal static string Name(string entry)
    {
        var kilobytes = ulong.Parse(entry["hugepages-".Length..^"kB".Length], CultureInfo.InvariantCulture);
        return kilobytes >= 1 << 20 ? $"{kilobytes >> 20}GB" : kilobytes >= 1 << 10 ? $"{kilobytes >> 10}MB" : $"{kilobytes}KB";
    }
}
