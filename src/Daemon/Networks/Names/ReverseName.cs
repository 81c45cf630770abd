using System.Globalization;
using System.Net;

namespace Berth.Daemon.Networks.Names;

/// <summary>Names that stand for addresses: "2.0.18.172.in-addr.arpa" and the like.</summary>
internal static class ReverseName
{
    private const string SuffixIPv4 = ".in-addr.arpa", SuffixIPv6 = ".ip6.arpa";

    /// <returns>Null when the name does not stand for one address.</returns>
    public static IPAddress? Parse(ReadOnlySpan<char> name)
    {
        if (name.EndsWith(SuffixIPv4, StringComparison.OrdinalIgnoreCase))
        {
            return ParseIPv4(name[..^SuffixIPv4.Length]);
        }

        return name.EndsWith(SuffixIPv6, StringComparison.OrdinalIgnoreCase) ? ParseIPv6(name[..^SuffixIPv6.Length]) : null;
    }

    private static IPAddress? ParseIPv4(ReadOnlySpan<char> labels)
    {
        Span<byte> bytes = stackalloc byte[4];
        var at = 4;
        foreach (var range in labels.Split('.'))
        {
            if (at == 0 || !byte.TryParse(labels[range], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[--at]))
            {
                return null;
            }
        }

        return at == 0 ? new IPAddress(bytes) : null;
    }

    private static IPAddress? ParseIPv6(ReadOnlySpan<char> labels)
    {
        const int length = 63; // 32 digits and the dots between them
        if (labels.Length != length)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        for (var digit = 0; digit < 32; digit++)
        {
            if ((digit > 0 && labels[(digit * 2) - 1] != '.') || !char.IsAsciiHexDigit(labels[digit * 2]))
            {
                return null;
            }

            var value = Convert.ToInt32(labels[digit * 2].ToString(), 16);
            bytes[15 - (digit / 2)] |= (byte)(digit % 2 == 0 ? value : value << 4);
        }

        return new IPAddress(bytes);
    }
}
