using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>
/// A network that was asked for, understood and checked but for what only the host can tell: which addresses are free, and which
/// interfaces there are. Every field of the request is honoured or refused by its name.
/// </summary>
/// <param name="Record">Without addresses where they have yet to be chosen.</param>
/// <param name="IPv4">Null: the network has no IPv4.</param>
/// <param name="IPv6">Null: the network has no IPv6.</param>
internal sealed partial record NetworkDraft(NetworkRecord Record, PoolDraft? IPv4, PoolDraft? IPv6)
{
    private const string OwnNames = "com.docker.network.";

    /// <exception cref="EngineException">InvalidArgument, naming field and value; Forbidden: a predefined network's name; NotFound: no such driver.</exception>
    public static NetworkDraft From(NetworkCreateRequest request, string id, DateTimeOffset created)
    {
        CheckName(request.Name);
        RefuseSwarm(request);
        var driver = Driver(request.Driver);
        var options = new NetworkOptionReader(request.Options ?? [], driver);
        var isInternal = request.Internal ?? false;
        var (four, six) = Pools(request, options);
        var record = new NetworkRecord
        {
            Id = id,
            Name = request.Name!,
            Driver = driver,
            Created = created,
            Bridge = driver == NetworkDriver.Bridge ? options.InterfaceName("bridge.name") ?? $"br-{id[..12]}" : null,
            Parent = driver == NetworkDriver.Bridge ? null : options.Parent(),
            Mode = options.Mode(),
            Mtu = options.Mtu(),
            // Without a parent there is no way out: Docker makes such a network internal too.
            Internal = isInternal || (driver != NetworkDriver.Bridge && options.Parent() is null),
            InterContainerCommunication = options.Flag("bridge.enable_icc", otherwise: true),
            Masquerade = options.Flag("bridge.enable_ip_masquerade", otherwise: true),
            Attachable = request.Attachable ?? false,
            HostBinding = options.Address("bridge.host_binding_ipv4"),
            GatewayModeIPv4 = options.GatewayMode("bridge.gateway_mode_ipv4", isInternal),
            GatewayModeIPv6 = options.GatewayMode("bridge.gateway_mode_ipv6", isInternal),
            InterfacePrefix = options.InterfacePrefix(),
            Options = request.Options ?? [],
            Labels = request.Labels ?? [],
        };
        options.RefuseUnread();
        return new NetworkDraft(record, four, six);
    }

    private static void CheckName(string? name)
    {
        if (name is "bridge" or "host" or "none" or "default")
        {
            throw NetworkErrors.PredefinedCreation(name);
        }

        if (name is null || !NameForm().IsMatch(name))
        {
            throw NetworkErrors.InvalidName(name ?? "");
        }
    }

    private static void RefuseSwarm(NetworkCreateRequest request)
    {
        if (request.Ingress == true)
        {
            throw NetworkErrors.UnsupportedField("Ingress", "true", "it is for swarms; only false is allowed");
        }

        if (request.Scope is { Length: > 0 } scope and not "local")
        {
            throw NetworkErrors.UnsupportedField("Scope", scope, "only local is allowed");
        }

        if (request.ConfigOnly == true)
        {
            throw NetworkErrors.UnsupportedField("ConfigOnly", "true", "a network that is a template for others can't be made; only false is allowed");
        }

        if (request.ConfigFrom?.Network is { Length: > 0 } template)
        {
            throw NetworkErrors.UnsupportedField("ConfigFrom", template, "no network is a template for others; leave it empty");
        }
    }

    private static string Driver(string? driver) => driver switch
    {
        null or "" or "default" or NetworkDriver.Bridge => NetworkDriver.Bridge,
        NetworkDriver.Macvlan or NetworkDriver.Ipvlan => driver,
        NetworkDriver.Host or NetworkDriver.None => throw NetworkErrors.OneInstance(driver),
        "overlay" => throw NetworkErrors.NoSwarm(),
        _ => throw NetworkErrors.UnsupportedDriver(driver),
    };

    private static (PoolDraft? IPv4, PoolDraft? IPv6) Pools(NetworkCreateRequest request, NetworkOptionReader options)
    {
        var enable4 = options.OptionalFlag("enable_ipv4") ?? request.EnableIPv4 ?? true;
        var enable6 = options.OptionalFlag("enable_ipv6") ?? request.EnableIPv6 ?? false;
        if (!enable4 && !enable6)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "IPv4 or IPv6 must be enabled: EnableIPv4 and EnableIPv6 are both false");
        }

        var configs = (request.IPAM?.Config ?? []).Where(config => config is not null).ToArray();
        if (request.IPAM?.Options is { Count: > 0 } ipamOptions)
        {
            throw NetworkErrors.UnsupportedField("IPAM.Options", ipamOptions.First().Key, "the driver default has no options");
        }

        switch (request.IPAM?.Driver)
        {
            case null or "" or "default":
                break;
            case NetworkDriver.None when configs.Length == 0:
                return (null, null);
            case NetworkDriver.None:
                throw NetworkErrors.UnsupportedField("IPAM.Config", configs[0].Subnet ?? "", "with the IPAM driver null nobody gives out addresses");
            case var ipam:
                throw NetworkErrors.UnsupportedField("IPAM.Driver", ipam, "default and null are allowed");
        }

        var pools = configs.Select(PoolDraft.From).ToArray();
        return (Only(pools, isIPv6: false, enable4), Only(pools, isIPv6: true, enable6));
    }

    private static PoolDraft? Only(PoolDraft[] pools, bool isIPv6, bool enabled)
    {
        var found = pools.Where(pool => pool.IsIPv6 == isIPv6).ToArray();
        var family = isIPv6 ? "IPv6" : "IPv4";
        if (found.Length > 1)
        {
            throw NetworkErrors.UnsupportedField("IPAM.Config", found[1].Subnet!.Value.ToString(), $"a network has one {family} subnet, and {found[0].Subnet} is given already");
        }

        if (found.Length == 1 && !enabled)
        {
            throw NetworkErrors.UnsupportedField("IPAM.Config", found[0].Subnet!.Value.ToString(), $"{family} is not enabled: set Enable{family}");
        }

        return !enabled ? null : found.Length == 1 ? found[0] : new PoolDraft();
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9_.\-]{0,254}\z")]
    private static partial Regex NameForm();

    /// <summary>Reads driver options, and knows in the end which were not read.</summary>
    private sealed class NetworkOptionReader(Dictionary<string, string> options, string driver)
    {
        private readonly HashSet<string> _known = [];

        /// <param name="name">What follows com.docker.network. in it.</param>
        public bool Flag(string name, bool otherwise) => OptionalFlag(name) ?? otherwise;

        public bool? OptionalFlag(string name) => Find(name) switch
        {
            null => null,
            "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            var other => throw Invalid(name, other, "true or false"),
        };

        public string? InterfaceName(string name) => Find(name) switch
        {
            null or "" => null,
            var text when InterfaceNames.IsValid(text) => text,
            var text => throw Invalid(name, text, "the name of a network interface: up to 15 letters, digits, dots, dashes and underscores"),
        };

        public string InterfacePrefix() => Find("container_iface_prefix") switch
        {
            null or "" => "eth",
            var text when text.Length <= 12 && InterfaceNames.IsValid(text) => text,
            var text => throw Invalid("container_iface_prefix", text, "up to 12 letters, digits, dots, dashes and underscores"),
        };

        public IPAddress? Address(string name) => Find(name) switch
        {
            null or "" => null,
            var text when IPAddress.TryParse(text, out var address) && Subnets.Bits(address) == 32 => address,
            var text => throw Invalid(name, text, "an IPv4 address of this host, or 0.0.0.0"),
        };

        public int Mtu()
        {
            const int lowest = 68, highest = 65535;
            return Find("driver.mtu") switch
            {
                null or "" or "0" => 0,
                var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mtu) && mtu is >= lowest and <= highest => mtu,
                var text => throw Invalid("driver.mtu", text, $"a number from {lowest} to {highest}, or 0 for the host's"),
            };
        }

        public GatewayMode GatewayMode(string name, bool isInternal) => Find(name) switch
        {
            null or "" or "nat" => Networks.GatewayMode.Nat,
            "routed" => Networks.GatewayMode.Routed,
            "nat-unprotected" => Networks.GatewayMode.NatUnprotected,
            "isolated" when isInternal => Networks.GatewayMode.Isolated,
            "isolated" => throw Invalid(name, "isolated", "nat, routed or nat-unprotected; isolated is for internal networks only"),
            var other => throw Invalid(name, other, "nat, routed, nat-unprotected or isolated"),
        };

        public string? Parent() => FindPlain("parent", NetworkDriver.Macvlan, NetworkDriver.Ipvlan) switch
        {
            null or "" => null,
            var text when InterfaceNames.IsValid(text) => text,
            var text => throw new EngineException(ErrorKind.InvalidArgument, $"invalid option parent \"{text}\": it is the name of an interface of this host, such as eth0, or eth0.10 for a VLAN"),
        };

        public string? Mode()
        {
            var macvlan = Choice("macvlan_mode", NetworkDriver.Macvlan, "bridge", "private", "vepa", "passthru");
            var ipvlan = Choice("ipvlan_mode", NetworkDriver.Ipvlan, "l2", "l3", "l3s");
            Choice("ipvlan_flag", NetworkDriver.Ipvlan, "bridge", "private", "vepa");
            return macvlan ?? ipvlan;
        }

        public void RefuseUnread()
        {
            OptionalFlag("bridge.inhibit_ipv4");
            foreach (var name in options.Keys)
            {
                if (!_known.Contains(name) && (name.StartsWith(OwnNames, StringComparison.Ordinal) || name is "parent" or "macvlan_mode" or "ipvlan_mode" or "ipvlan_flag"))
                {
                    var near = Suggestion.Nearest(name, _known);
                    throw new EngineException(ErrorKind.InvalidArgument,
                        $"invalid option {name}: networks of the driver {driver} have no such option{(near is null ? "" : $"; did you mean {near}?")}");
                }
            }
        }

        private string? Choice(string name, string ofDriver, params ReadOnlySpan<string> choices)
        {
            var given = FindPlain(name, ofDriver);
            if (driver != ofDriver)
            {
                return null;
            }

            if (given is null or "")
            {
                return choices[0];
            }

            return choices.Contains(given)
                ? given
                : throw new EngineException(ErrorKind.InvalidArgument, $"invalid option {name} \"{given}\": it is one of {string.Join(", ", choices.ToArray())}");
        }

        private string? FindPlain(string name, params ReadOnlySpan<string> drivers)
        {
            if (!drivers.Contains(driver))
            {
                return null;
            }

            _known.Add(name);
            return options.GetValueOrDefault(name);
        }

        private string? Find(string name)
        {
            if (driver != NetworkDriver.Bridge && name.StartsWith("bridge.", StringComparison.Ordinal))
            {
                return null;
            }

            _known.Add(OwnNames + name);
            return options.GetValueOrDefault(OwnNames + name);
        }

        private static EngineException Invalid(string name, string value, string allowed)
            => new(ErrorKind.InvalidArgument, $"invalid option {OwnNames}{name} \"{value}\": it is {allowed}");
    }
}
