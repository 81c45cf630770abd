using System.Globalization;
using System.Net;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>Hardware addresses of containers' interfaces.</summary>
internal static class MacAddresses
{
    private const int Length = 6;

    /// <summary>
    /// 02:42 and the IPv4 address: whoever gets an address again gets the hardware address with it, so that no
    /// neighbour's cache is wrong. Without IPv4, the end of the IPv6 address stands in.
    /// </summary>
    public static byte[] For(IPAddress address) => [0x02, 0x42, .. address.GetAddressBytes()[^4..]];

    /// <summary>For an interface without addresses: one of nobody's, for one station.</summary>
    public static byte[] Random()
    {
        var bytes = System.Security.Cryptography.RandomNumberGenerator.GetBytes(Length);
        bytes[0] = 0x02;
        return bytes;
    }

    /// <summary>Reads "02:42:ac:11:00:02" (or with dashes).</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static byte[] Parse(string text)
    {
        var parts = text.Split(text.Contains('-', StringComparison.Ordinal) ? '-' : ':');
        var bytes = new byte[Length];
        if (parts.Length != Length)
        {
            throw NetworkErrors.InvalidMacAddress(text);
        }

        for (var i = 0; i < Length; i++)
        {
            if (parts[i].Length != 2 || !byte.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i]))
            {
                throw NetworkErrors.InvalidMacAddress(text);
            }
        }

        const byte multicast = 1;
        return (bytes[0] & multicast) == 0 && bytes.Any(part => part != 0) ? bytes : throw NetworkErrors.InvalidMacAddress(text);
    }

    public static string Format(byte[] bytes) => string.Join(':', bytes.Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));
}
