using System.Text;
using System.Text.Json;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Runtime.Commands;

/// <summary>spec: a config.json to begin with; runs a shell with few privileges in ./rootfs.</summary>
internal static class SpecCommand
{
    private static readonly string[] Capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

    public static int Run(IReadOnlyList<string> arguments)
    {
        var line = CommandLine.Parse(arguments, ["bundle|b="], int.MaxValue, out _);
        if (line.Operands.Count > 0)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "spec takes no operands");
        }

        var path = Path.Combine(line.Value("bundle") ?? ".", "config.json");
        if (File.Exists(path))
        {
            throw new EngineException(ErrorKind.Conflict, $"{path} exists already; remove it first");
        }

        using var file = File.Create(path);
        using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        JsonSerializer.Serialize(writer, Example(), RuntimeSpecJson.Default.OciSpec);
        return 0;
    }

    internal static OciSpec Example() => new()
    {
        OciVersion = "1.2.1",
        Process = new OciProcess
        {
            Terminal = true,
            Args = ["sh"],
            Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            Cwd = "/",
            Capabilities = new OciCapabilities { Bounding = Capabilities, Effective = Capabilities, Permitted = Capabilities },
            Rlimits = [new OciRlimit("RLIMIT_NOFILE", 1024, 1024)],
            NoNewPrivileges = true,
        },
        Root = new OciRoot { Path = "rootfs", Readonly = true },
        Hostname = "berth",
        Mounts =
        [
            new OciMount { Destination = "/proc", Type = "proc", Source = "proc" },
            new OciMount { Destination = "/dev", Type = "tmpfs", Source = "tmpfs", Options = ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            new OciMount { Destination = "/dev/pts", Type = "devpts", Source = "devpts", Options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
            new OciMount { Destination = "/dev/shm", Type = "tmpfs", Source = "shm", Options = ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
            new OciMount { Destination = "/dev/mqueue", Type = "mqueue", Source = "mqueue", Options = ["nosuid", "noexec", "nodev"] },
            new OciMount { Destination = "/sys", Type = "sysfs", Source = "sysfs", Options = ["nosuid", "noexec", "nodev", "ro"] },
            new OciMount { Destination = "/sys/fs/cgroup", Type = "cgroup", Source = "cgroup", Options = ["nosuid", "noexec", "nodev", "relatime", "ro"] },
        ],
        Linux = new OciLinux
        {
            Namespaces = [new OciNamespace("pid"), new OciNamespace("network"), new OciNamespace("ipc"), new OciNamespace("uts"), new OciNamespace("mount"), new OciNamespace("cgroup")],
            Resources = new OciResources { Devices = [new OciDeviceRule { Allow = false, Access = "rwm" }] },
            MaskedPaths =
            [
                "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
            ],
            ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    };
}
