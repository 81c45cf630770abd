using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>Arithmetic on address ranges, the same for both families.</summary>
internal static class Subnets
{
    /// <summary>Reads "172.30.0.1/16": the address as written, and the network that it is in.</summary>
    /// <param name="field">The option's name, for the message.</param>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static (IPAddress Address, IPNetwork Network) ParseAddress(string field, string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > Bits(address))
        {
            throw NetworkErrors.InvalidSubnet(field, text);
        }

        return (address, Containing(address, length));
    }

    public static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;

    public static bool IsIPv6(this IPNetwork network) => network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The network of that size that an address is in.</summary>
    public static IPNetwork Containing(IPAddress address, int prefixLength)
    {
        var bits = Bits(address);
        var hostBits = bits - prefixLength;
        var number = hostBits >= 128 ? UInt128.Zero : ToNumber(address) >> hostBits << hostBits;
        return new IPNetwork(FromNumber(number, bits), prefixLength);
    }

    public static bool Overlap(IPNetwork one, IPNetwork other)
        => one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily && (one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress));

    public static bool Contains(IPNetwork outer, IPNetwork inner) => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    /// <summary>The first and the last address, the ends included.</summary>
    public static (UInt128 First, UInt128 Last) Range(IPNetwork network)
    {
        var first = ToNumber(network.BaseAddress);
        var hostBits = Bits(network.BaseAddress) - network.PrefixLength;
        var size = hostBits >= 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        return (first, first + size);
    }

    public static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static IPAddress FromNumber(UInt128 number, int bits)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bits == 32 ? bytes[12..] : bytes);
    }
}
