using System.Text.RegularExpressions;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>Driver options of an endpoint: its interface's name, and settings of the kernel for that interface alone.</summary>
internal static partial class EndpointOptions
{
    public const string InterfaceName = "com.docker.network.endpoint.ifname";
    public const string Sysctls = "com.docker.network.endpoint.sysctls";

    private const string Placeholder = "IFNAME";

    /// <summary>To be called when the endpoint is asked for, so that a mistake is told then.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static void Check(IReadOnlyDictionary<string, string> options)
    {
        foreach (var (name, value) in options)
        {
            switch (name)
            {
                case InterfaceName when !InterfaceNames.IsValid(value):
                    throw Invalid(name, value, "the name of a network interface: up to 15 letters, digits, dots, dashes and underscores");
                case Sysctls:
                    _ = SysctlsOf(options, "eth0").ToArray();
                    break;
                case InterfaceName:
                    break;
                case var _ when name.StartsWith("com.docker.network.", StringComparison.Ordinal):
                    throw new EngineException(ErrorKind.InvalidArgument,
                        $"invalid endpoint settings: there is no driver option {name}; an endpoint has {InterfaceName} and {Sysctls}");
            }
        }
    }

    /// <summary>Paths below /proc/sys and values.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static IEnumerable<(string Path, string Value)> SysctlsOf(IReadOnlyDictionary<string, string> options, string interfaceName)
    {
        foreach (var setting in (options.GetValueOrDefault(Sysctls) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var match = Form().Match(setting);
            if (!match.Success)
            {
                throw Invalid(Sysctls, setting, $"a list of settings such as net.ipv4.conf.{Placeholder}.log_martians=1");
            }

            yield return ($"net/{match.Groups[1].Value}/{match.Groups[2].Value}/{interfaceName}/{match.Groups[3].Value}", match.Groups[4].Value);
        }
    }

    private static EngineException Invalid(string name, string value, string allowed)
        => new(ErrorKind.InvalidArgument, $"invalid endpoint settings: invalid driver option {name} \"{value}\": it is {allowed}");

    // The docker command line writes all of an option in small letters.
    // Names without dots and slashes: they become a path in the container's /proc/sys/net.
    [GeneratedRegex(@"\Anet\.(ipv4|ipv6|mpls)\.(conf|neigh)\.(?i:IFNAME)\.([a-z0-9_]+)=([^=\s]+)\z")]
    private static partial Regex Form();
}
