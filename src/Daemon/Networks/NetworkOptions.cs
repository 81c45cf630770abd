using System.Net;
using System.Net.Sockets;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>How this daemon's networks are to be; made from the daemon's options, checked.</summary>
internal sealed record NetworkOptions
{
    public const string Off = "none";

    /// <summary>The default network's bridge, or "none". What the daemon makes on the host is named after it.</summary>
    public string Bridge { get; init; } = "berth0";

    /// <summary>Distinguishes daemons whose bridge is "none".</summary>
    public string Instance { get; init; } = "";

    /// <summary>The bridge's address and its network; null: chosen.</summary>
    public (IPAddress Address, IPNetwork Network)? BridgeAddress { get; init; }

    public IPNetwork? FixedRange { get; init; }

    public bool IPv6 { get; init; }

    public IPNetwork? FixedRangeV6 { get; init; }

    /// <summary>0: that of the host's default route.</summary>
    public int Mtu { get; init; }

    public bool InterContainerCommunication { get; init; } = true;

    public bool Masquerade { get; init; } = true;

    /// <summary>Switch forwarding on where the host has it off.</summary>
    public bool Forward { get; init; } = true;

    public IPAddress DefaultPublishAddress { get; init; } = IPAddress.Any;

    public IPAddress? HostGateway { get; init; }

    /// <summary>Where networks get their addresses from; empty: Docker's defaults.</summary>
    public IReadOnlyList<AddressPoolOption> AddressPools { get; init; } = [];

    /// <summary>Namespaces that are kept ready for containers on the default network.</summary>
    public int ReadySandboxes { get; init; } = 3;

    /// <summary>Let the kernel guard the table against other programs where it can; off, the daemon restores what they take.</summary>
    public bool OwnTable { get; init; } = true;

    public bool HasDefaultNetwork => Bridge != Off;

    /// <summary>The daemon's nftables table.</summary>
    public string TableName => Bridge switch
    {
        "berth0" => "berth",
        Off => $"berth_none_{Instance}",
        _ => $"berth_{string.Concat(Bridge.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'))}",
    };

    /// <exception cref="EngineException">InvalidArgument, naming the option.</exception>
    public static NetworkOptions From(DaemonOptions options)
    {
        const int nameLimit = 15; // IFNAMSIZ less the NUL
        if (options.Bridge.Length is 0 or > nameLimit || options.Bridge.Any(c => char.IsWhiteSpace(c) || c is '/' or ':') || options.Bridge is "." or "..")
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid --bridge {options.Bridge}: an interface name has at most {nameLimit} characters and no space, slash or colon");
        }

        var bridgeAddress = options.BridgeAddress is { } address ? Subnets.ParseAddress("--bip", address) : default((IPAddress Address, IPNetwork Network)?);
        if (bridgeAddress is { Network: var network, Address: var own } && (network.IsIPv6() || network.PrefixLength > 30 || own.Equals(network.BaseAddress)))
        {
            throw NetworkErrors.InvalidSubnet("--bip", options.BridgeAddress!);
        }

        var range = options.FixedCidr is { } cidr ? Subnets.ParseAddress("--fixed-cidr", cidr).Network : default(IPNetwork?);
        if (range is { } narrowed && (narrowed.IsIPv6() || (bridgeAddress is { } bip && !Subnets.Contains(bip.Network, narrowed))))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid --fixed-cidr {options.FixedCidr}: it is not within --bip {options.BridgeAddress}");
        }

        var rangeV6 = options.FixedCidrV6 is { } cidrV6 ? Subnets.ParseAddress("--fixed-cidr-v6", cidrV6).Network : default(IPNetwork?);
        if (rangeV6 is { } v6 && (!v6.IsIPv6() || v6.PrefixLength > 126))
        {
            throw NetworkErrors.InvalidSubnet("--fixed-cidr-v6", options.FixedCidrV6!);
        }

        return new NetworkOptions
        {
            Bridge = options.Bridge,
            Instance = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(options.DataRoot)))[..8],
            BridgeAddress = bridgeAddress,
            FixedRange = range,
            IPv6 = options.Ipv6,
            FixedRangeV6 = rangeV6,
            Mtu = options.Mtu is 0 or (>= 68 and <= 65535) ? options.Mtu : throw new EngineException(ErrorKind.InvalidArgument, $"invalid --mtu {options.Mtu}: it is 68 to 65535"),
            InterContainerCommunication = options.InterContainerCommunication,
            Masquerade = options.IpMasquerade,
            Forward = options.IpForward,
            DefaultPublishAddress = ParseAddress("--ip", options.DefaultPublishAddress),
            AddressPools = [.. options.DefaultAddressPools.Select(ParsePool)],
            HostGateway = options.HostGatewayAddress is { } gateway ? ParseAddress("--host-gateway-ip", gateway) : null,
        };
    }

    /// <summary>Reads "base=10.10.0.0/16,size=24".</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    internal static AddressPoolOption ParsePool(string text)
    {
        string? network = null, length = null;
        foreach (var part in text.Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            switch (equals < 0 ? part : part[..equals].Trim())
            {
                case "base": network = part[(equals + 1)..].Trim(); break;
                case "size": length = part[(equals + 1)..].Trim(); break;
                default: throw Invalid();
            }
        }

        if (network is null || length is null || !IPNetwork.TryParse(network, out var pool)
            || !int.TryParse(length, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var size)
            || !IPAddress.Parse(network[..network.IndexOf('/', StringComparison.Ordinal)]).Equals(pool.BaseAddress) // bits behind the prefix were forgiven
            || size < pool.PrefixLength || size > Subnets.Bits(pool.BaseAddress) - 1)
        {
            throw Invalid();
        }

        return new AddressPoolOption(pool, size);

        EngineException Invalid() => new(ErrorKind.InvalidArgument,
            $"invalid --default-address-pool {text}: it is base=NETWORK,size=LENGTH, such as base=10.10.0.0/16,size=24, where size is the length of each subnet's prefix");
    }

    private static IPAddress ParseAddress(string option, string text)
        => IPAddress.TryParse(text, out var address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? address : throw NetworkErrors.InvalidAddress(option, text);
}
