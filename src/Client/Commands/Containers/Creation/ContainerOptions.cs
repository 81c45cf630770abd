using System.Globalization;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The options that say what container to make; run and create share them.</summary>
internal static class ContainerOptions
{
    public static readonly ListOption AddHost = Opt.List("add-host", "Add a line to the container's /etc/hosts, as name:address; host-gateway stands for the host");
    public static readonly ListOption Annotation = Opt.List("annotation", "Pass an annotation, key=value, on to the runtime");
    public static readonly ListOption Attach = Opt.List("attach", 'a', "Attach only to these of stdin, stdout and stderr", CheckStream);
    public static readonly ValueOption<long> BlkioWeight = Opt.Integer("blkio-weight", "Weight of block I/O against other containers, 10 to 1000");
    public static readonly ListOption BlkioWeightDevice = Opt.List("blkio-weight-device", "Weight of block I/O on one device, as path:weight");
    public static readonly ListOption CapAdd = Opt.List("cap-add", "Add a Linux capability, or ALL");
    public static readonly ListOption CapDrop = Opt.List("cap-drop", "Drop a Linux capability, or ALL");
    public static readonly ValueOption<string> CgroupParent = Opt.Text("cgroup-parent", "Make the container's cgroup below this one");
    public static readonly ValueOption<string> Cgroupns = Opt.Choice("cgroupns", "Cgroup namespace to use", "host", "private");
    public static readonly ValueOption<string> CidFile = File("cidfile", "Write the new container's id to this file, which must not exist");
    public static readonly ValueOption<long> CpuPeriod = Opt.Integer("cpu-period", "Length of the CPU scheduler's period in microseconds");
    public static readonly ValueOption<long> CpuQuota = Opt.Integer("cpu-quota", "CPU time within each period in microseconds");
    public static readonly ValueOption<long> CpuRtPeriod = Opt.Integer("cpu-rt-period", "Length of the real-time scheduler's period in microseconds");
    public static readonly ValueOption<long> CpuRtRuntime = Opt.Integer("cpu-rt-runtime", "Real-time CPU time within each period in microseconds");
    public static readonly ValueOption<long> CpuShares = Opt.Integer("cpu-shares", 'c', "Weight of CPU time against other containers");
    public static readonly ValueOption<long> Cpus = new("cpus", Opt.NoLetter, "Most CPUs to use, such as 1.5", ParseCpus) { ValueName = "decimal" };
    public static readonly ValueOption<string> CpusetCpus = Opt.Text("cpuset-cpus", "CPUs the container may run on, such as 0-3 or 0,2");
    public static readonly ValueOption<string> CpusetMems = Opt.Text("cpuset-mems", "Memory nodes the container may use, such as 0-1");
    public static readonly ListOption Device = Opt.List("device", "Give the container a device of the host, as path[:path in the container][:rwm], or a CDI device, as vendor.com/class=name");
    public static readonly ListOption DeviceCgroupRule = Opt.List("device-cgroup-rule", "Allow devices by rule, such as 'c 13:* rwm'");
    public static readonly ListOption DeviceReadBps = Opt.List("device-read-bps", "Limit reading from a device, as path:bytes per second");
    public static readonly ListOption DeviceReadIops = Opt.List("device-read-iops", "Limit reading from a device, as path:operations per second");
    public static readonly ListOption DeviceWriteBps = Opt.List("device-write-bps", "Limit writing to a device, as path:bytes per second");
    public static readonly ListOption DeviceWriteIops = Opt.List("device-write-iops", "Limit writing to a device, as path:operations per second");
    public static readonly ListOption Dns = Opt.List("dns", "Ask this name server");
    public static readonly ListOption DnsOption = Opt.List("dns-option", "Set an option of resolv.conf");
    public static readonly ListOption DnsSearch = Opt.List("dns-search", "Look short names up in this domain");
    public static readonly ValueOption<string> Domainname = Opt.Text("domainname", "The container's NIS domain name");
    public static readonly ValueOption<string> Entrypoint = Opt.Text("entrypoint", "Run this program in place of the image's entry point; '' removes it");
    public static readonly ListOption Env = Opt.List("env", 'e', "Set an environment variable, as NAME=value; NAME alone takes the client's value");
    public static readonly ListOption EnvFile = FileList("env-file", "Read environment variables from a file, one NAME=value a line");
    public static readonly ListOption Expose = Opt.List("expose", "Declare a port, or a range, that the container serves");
    public static readonly ListOption Gpus = Opt.List("gpus", "Give the container graphics processors: all, a number, or device=ID");
    public static readonly ListOption GroupAdd = Opt.List("group-add", "Make the container's process a member of this group too");
    public static readonly ValueOption<string> HealthCmd = Opt.Text("health-cmd", "Shell command that tells whether the container is healthy");
    public static readonly ValueOption<TimeSpan> HealthInterval = Opt.Duration("health-interval", "Time between two checks, such as 30s");
    public static readonly ValueOption<long> HealthRetries = Opt.Integer("health-retries", "Failed checks in a row that make the container unhealthy");
    public static readonly ValueOption<TimeSpan> HealthStartInterval = Opt.Duration("health-start-interval", "Time between two checks while the container starts up");
    public static readonly ValueOption<TimeSpan> HealthStartPeriod = Opt.Duration("health-start-period", "Time the container may take to start up, when failed checks do not count");
    public static readonly ValueOption<TimeSpan> HealthTimeout = Opt.Duration("health-timeout", "Time one check may take");
    public static readonly ValueOption<string> Hostname = Opt.Text("hostname", 'h', "The container's host name");
    public static readonly Switch Init = Opt.Switch("init", "Run a small init as process 1 that passes signals on and reaps orphans");
    public static readonly Switch Interactive = Opt.Switch("interactive", 'i', "Keep standard input open");
    public static readonly ValueOption<string> Ip = Opt.Text("ip", "IPv4 address on the container's network");
    public static readonly ValueOption<string> Ip6 = Opt.Text("ip6", "IPv6 address on the container's network");
    public static readonly ValueOption<string> Ipc = Opt.Text("ipc", "IPC namespace to use: private, shareable, host, none or container:NAME");
    public static readonly ListOption Label = Opt.List("label", 'l', "Set a label, as key=value");
    public static readonly ListOption LabelFile = FileList("label-file", "Read labels from a file, one key=value a line");
    public static readonly ListOption Link = Opt.List("link", "Reach another container by a name, as CONTAINER[:name]");
    public static readonly ListOption LinkLocalIp = Opt.List("link-local-ip", "Add a link-local address");
    public static readonly ValueOption<string> LogDriver = Opt.Choice("log-driver", "What keeps the container's output", "json-file", "local", "journald", "syslog", "none");
    public static readonly ListOption LogOpt = Opt.List("log-opt", "Set an option of the log driver, such as max-size=10m");
    public static readonly ValueOption<string> MacAddress = Opt.Text("mac-address", "The container's hardware address, such as 92:d0:c6:0a:29:33");
    public static readonly ValueOption<long> Memory = Opt.Bytes("memory", 'm', "Most memory to use, such as 512m");
    public static readonly ValueOption<long> MemoryReservation = Opt.Bytes("memory-reservation", "Memory to shrink to when the host runs short");
    public static readonly ValueOption<long> MemorySwap = Opt.Bytes("memory-swap", "Most memory and swap together; -1 for any amount of swap");
    public static readonly ValueOption<long> MemorySwappiness = Opt.Integer("memory-swappiness", "Readiness to swap, 0 to 100");
    public static readonly ListOption Mount = Opt.List("mount", "Mount something, such as type=bind,source=/a,target=/b,readonly");
    public static readonly ValueOption<string> Name = Opt.Text("name", "The container's name");
    public static readonly ListOption Network = new("network", Opt.NoLetter, "Connect to a network: bridge, host, none, container:NAME, or a name with options such as name=net,ip=10.0.0.5") { Completes = Completes.Networks };
    public static readonly ListOption Net = new("net", Opt.NoLetter, "Same as --network") { IsHidden = true };
    public static readonly ListOption NetworkAlias = Opt.List("network-alias", "A further name of the container on its network");
    public static readonly ListOption NetAlias = new("net-alias", Opt.NoLetter, "Same as --network-alias") { IsHidden = true };
    public static readonly Switch NoHealthcheck = Opt.Switch("no-healthcheck", "Switch the image's health check off");
    public static readonly Switch OomKillDisable = Opt.Switch("oom-kill-disable", "Let the container wait for memory rather than be killed");
    public static readonly ValueOption<long> OomScoreAdj = Opt.Integer("oom-score-adj", "How readily the kernel kills the container when memory is short, -1000 to 1000");
    public static readonly ValueOption<string> Pid = Opt.Text("pid", "PID namespace to use: host or container:NAME");
    public static readonly ValueOption<long> PidsLimit = Opt.Integer("pids-limit", "Most processes and threads; -1 for any number");
    public static readonly ValueOption<string> Platform = Opt.Text("platform", "Use the image of this platform, such as linux/arm64");
    public static readonly Switch Privileged = Opt.Switch("privileged", "Give the container every capability and device; it is then no boundary any more");
    public static readonly ListOption Publish = Opt.List("publish", 'p', "Publish a port, as [[address:]host port:]container port[/udp]; both may be ranges");
    public static readonly Switch PublishAll = Opt.Switch("publish-all", 'P', "Publish every declared port on a free port of the host");
    public static readonly ValueOption<string> Pull = new("pull", Opt.NoLetter, "When to pull the image", CheckPull) { Completes = Completes.Choices, Choices = ["always", "missing", "never"], DefaultText = "missing" };
    public static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Pull without showing progress");
    public static readonly Switch ReadOnly = Opt.Switch("read-only", "Let nothing be written to the container's root filesystem");
    public static readonly ValueOption<string> Restart = Opt.Choice("restart", "When to start the container again after it exits", "no", "on-failure", "on-failure:N", "always", "unless-stopped");
    public static readonly Switch Rm = Opt.Switch("rm", "Remove the container and its anonymous volumes when it exits");
    public static readonly ValueOption<string> Runtime = Opt.Text("runtime", "OCI runtime to start the container with");
    public static readonly ListOption SecurityOpt = Opt.List("security-opt", "Security setting: seccomp=FILE, no-new-privileges, apparmor=PROFILE, label=OPTION, systempaths=unconfined");
    public static readonly ValueOption<long> ShmSize = Opt.Bytes("shm-size", "Size of /dev/shm, such as 64m");
    public static readonly ValueOption<string> StopSignal = new("stop-signal", Opt.NoLetter, "Signal that asks the container to stop", static text => text) { Completes = Completes.Signals };
    public static readonly ValueOption<long> StopTimeout = Opt.Integer("stop-timeout", "Seconds to wait for the container to stop before it is killed");
    public static readonly ListOption StorageOpt = Opt.List("storage-opt", "Set an option of the storage driver, such as size=10G");
    public static readonly ListOption Sysctl = Opt.List("sysctl", "Set a kernel parameter of the container's namespaces, as name=value");
    public static readonly ListOption Tmpfs = Opt.List("tmpfs", "Mount a tmpfs, as path[:options]");
    public static readonly Switch Tty = Opt.Switch("tty", 't', "Give the container a terminal");
    public static readonly ListOption Ulimit = Opt.List("ulimit", "Set a resource limit, as name=soft[:hard]");
    public static readonly ValueOption<string> User = Opt.Text("user", 'u', "User to run as: name or uid, with :group or :gid if wanted");
    public static readonly ValueOption<string> Userns = Opt.Text("userns", "User namespace to use");
    public static readonly ValueOption<string> Uts = Opt.Choice("uts", "UTS namespace to use", "host");
    public static readonly ListOption Volume = new("volume", 'v', "Mount a directory of the host or a volume, as source:path[:options]; a path alone makes an anonymous volume") { Completes = Completes.Files };
    public static readonly ValueOption<string> VolumeDriver = Opt.Text("volume-driver", "Driver of the volumes that have to be made");
    public static readonly ListOption VolumesFrom = new("volumes-from", Opt.NoLetter, "Mount what another container mounts, as CONTAINER[:ro]") { Completes = Completes.Containers };
    public static readonly ValueOption<string> Workdir = Opt.Text("workdir", 'w', "Directory to start in");

    private static readonly Switch ContentTrust = new("disable-content-trust", Opt.NoLetter, "Has no effect") { IsHidden = true, Default = true };

    public static readonly IReadOnlyList<Option> All =
    [
        AddHost, Annotation, Attach, BlkioWeight, BlkioWeightDevice, CapAdd, CapDrop, CgroupParent, Cgroupns, CidFile, CpuPeriod, CpuQuota, CpuRtPeriod,
        CpuRtRuntime, CpuShares, Cpus, CpusetCpus, CpusetMems, Device, DeviceCgroupRule, DeviceReadBps, DeviceReadIops, DeviceWriteBps, DeviceWriteIops,
        Dns, DnsOption, DnsSearch, Domainname, Entrypoint, Env, EnvFile, Expose, Gpus, GroupAdd, HealthCmd, HealthInterval, HealthRetries,
        HealthStartInterval, HealthStartPeriod, HealthTimeout, Hostname, Init, Interactive, Ip, Ip6, Ipc, Label, LabelFile, Link, LinkLocalIp, LogDriver,
        LogOpt, MacAddress, Memory, MemoryReservation, MemorySwap, MemorySwappiness, Mount, Name, Network, Net, NetworkAlias, NetAlias, NoHealthcheck,
        OomKillDisable, OomScoreAdj, Pid, PidsLimit, Platform, Privileged, Publish, PublishAll, Pull, Quiet, ReadOnly, Restart, Rm, Runtime, SecurityOpt,
        ShmSize, StopSignal, StopTimeout, StorageOpt, Sysctl, Tmpfs, Tty, Ulimit, User, Userns, Uts, Volume, VolumeDriver, VolumesFrom, Workdir, ContentTrust,
    ];

    private static ValueOption<string> File(string name, string help) => new(name, Opt.NoLetter, help, static text => text) { Completes = Completes.Files };

    private static ListOption FileList(string name, string help) => new(name, Opt.NoLetter, help) { Completes = Completes.Files };

    private static string CheckStream(string text) => text.ToLowerInvariant() is "stdin" or "stdout" or "stderr"
        ? text.ToLowerInvariant()
        : throw new FormatException("valid streams are STDIN, STDOUT and STDERR");

    private static string CheckPull(string text) => text is "always" or "missing" or "never"
        ? text
        : throw new FormatException($"invalid pull option: '{text}': must be one of always, missing or never");

    /// <summary>CPUs in billionths.</summary>
    private static long ParseCpus(string text)
    {
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cpus) || cpus > 1_000_000)
        {
            throw new FormatException($"\"{text}\" is not a number of CPUs");
        }

        var billionths = cpus * 1_000_000_000m;
        return billionths == decimal.Truncate(billionths) ? (long)billionths : throw new FormatException("value is too precise");
    }
}
