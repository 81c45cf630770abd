namespace Berth.Daemon.Hosting;

/// <summary>What dockerd's configuration has and Berth has not: said to be so already, or refused with the reason.</summary>
internal static partial class OptionTable
{
    /// <summary>Accepted with the value that describes what Berth does anyway, so that a dockerd's file can be taken over.</summary>
    private static OptionDefinition[] Settled =>
    [
        AlwaysOn("live-restore", "containers always survive the daemon"),
        AlwaysOff("iptables", "Berth keeps its rules in its own nftables table and never touches iptables", alsoOn: true),
        AlwaysOff("ip6tables", "Berth keeps its rules in its own nftables table and never touches iptables", alsoOn: true),
        AlwaysOff("userland-proxy", "Berth forwards published ports in the kernel"),
        AlwaysOff("experimental", "Berth has no experimental features"),
        AlwaysOff("selinux-enabled", "Berth has no SELinux support"),
        AlwaysOff("raw-logs", "the daemon's own log has no colours to switch off", alsoOn: true),
        AlwaysOff("rootless", "Berth's daemon runs as root; see userns-remap for containers"),
        Only("storage-driver", "name", "overlay2", "Berth mounts overlay filesystems, nothing else"),
        Only("firewall-backend", "name", "nftables", "Berth keeps its rules in its own nftables table"),
        List("exec-opt", null, "exec-opts", "key=value", "", (o, v) => v is "native.cgroupdriver=cgroupfs" ? o : throw new OptionException(
            $"invalid exec-opt \"{v}\": only native.cgroupdriver=cgroupfs is possible; Berth makes cgroups itself on both versions, never through systemd")) with { IsSettled = true },
    ];

    /// <summary>Refused, with what to do instead; by the names of the command line and of the file.</summary>
    public static readonly Dictionary<string, string> NotHere = new()
    {
        ["allow-direct-routing"] = "it is a matter of each network: give it com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected",
        ["allow-nondistributable-artifacts"] = "dockerd has given it up",
        ["api-cors-header"] = "dockerd has given it up: put a proxy with authentication before the API",
        ["authorization-plugin"] = "Berth has no plugins",
        ["authorization-plugins"] = "Berth has no plugins",
        ["bip6"] = "the default network's IPv6 part is given by fixed-cidr-v6",
        ["bridge-accept-fwmark"] = "let marked packets through in a table of your own, with an earlier priority",
        ["builder"] = "this version of Berth does not build images",
        ["cluster-advertise"] = "dockerd has given it up",
        ["cluster-store"] = "dockerd has given it up",
        ["cluster-store-opts"] = "dockerd has given it up",
        ["containerd"] = "Berth needs no containerd",
        ["containerd-namespace"] = "Berth needs no containerd",
        ["containerd-plugins-namespace"] = "Berth needs no containerd",
        ["cri-containerd"] = "Berth needs no containerd",
        ["default-gateway"] = "the default network's gateway is its bridge; use a network of your own for another",
        ["default-gateway-v6"] = "the default network's gateway is its bridge; use a network of your own for another",
        ["default-network-opt"] = "give a network its options when it is made",
        ["default-network-opts"] = "give a network its options when it is made",
        ["deprecated-key-path"] = "dockerd has given it up",
        ["disable-legacy-registry"] = "dockerd has given it up",
        ["graph"] = "it is called data-root",
        ["host-gateway-ips"] = "give one address, with host-gateway-ip",
        ["init-path"] = "the init process is part of berth-runtime",
        ["ip-forward-no-drop"] = "Berth never changes the policy of a chain that is not its own",
        ["metrics-addr"] = "Berth has no metrics endpoint yet",
        ["min-api-version"] = "Berth serves every API version from 1.24 on",
        ["network-control-plane-mtu"] = "it is for swarm mode, which Berth does not have",
        ["network-diagnostic-port"] = "dockerd has it for its own tests",
        ["node-generic-resource"] = "it is for swarm mode, which Berth does not have",
        ["node-generic-resources"] = "it is for swarm mode, which Berth does not have",
        ["oom-score-adjust"] = "set OOMScoreAdjust= in the service's unit",
        ["storage-opt"] = "the storage driver has no options for the whole daemon",
        ["storage-opts"] = "the storage driver has no options for the whole daemon",
        ["swarm-default-advertise-addr"] = "Berth has no swarm mode",
        ["userland-proxy-path"] = "Berth forwards published ports in the kernel",
    };

    private static OptionDefinition AlwaysOn(string name, string why)
        => Flag(name, null, "", (o, on) => on ? o : throw new OptionException($"invalid {name} \"false\": {why}")) with { IsSettled = true };

    private static OptionDefinition AlwaysOff(string name, string why, bool alsoOn = false)
        => Flag(name, null, "", (o, on) => !on || alsoOn ? o : throw new OptionException($"invalid {name} \"true\": {why}")) with { IsSettled = true };

    private static OptionDefinition Only(string name, string value, string only, string why)
        => Value(name, null, value, "", (o, v) => v.Length == 0 || v == only ? o : throw new OptionException($"invalid {name} \"{v}\": must be {only}: {why}")) with { IsSettled = true };
}
