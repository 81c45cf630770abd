using System.Globalization;

namespace Berth.Daemon.Images.Pull;

/// <summary>The drawn bar that old clients print as it is: "[=====>     ]  1.2MB/3.4MB".</summary>
internal static class ProgressBar
{
    private const int Width = 50;
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB"];

    public static string Draw(long current, long total)
    {
        if (total <= 0)
        {
            return $"{Size(current),8}";
        }

        var percent = (int)(Math.Min(current, total) * 100 / total / 2);
        var bar = percent >= Width ? new string('=', Width) + ">" : new string('=', percent) + ">" + new string(' ', Width - percent);
        return $"[{bar}] {Size(current),8}/{Size(total)}";
    }

    /// <summary>Four significant digits and a decimal unit.</summary>
    internal static string Size(double bytes)
    {
        var unit = 0;
        while (bytes >= 1000 && unit < Units.Length - 1)
        {
            bytes /= 1000;
            unit++;
        }

        var digits = bytes >= 1000 ? 0 : bytes >= 100 ? 1 : bytes >= 10 ? 2 : 3;
        var text = bytes.ToString("F" + digits, CultureInfo.InvariantCulture);
        return (text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text) + Units[unit];
    }
}
