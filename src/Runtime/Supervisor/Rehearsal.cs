using System.Text.Json;
using Berth.Runtime.Plan;
using Berth.Runtime.Security.Seccomp;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

/// <summary>
/// What a launch does first, done once on an example while the supervisor waits to be told of its container: the first use of a JSON type, of the plan's parser
/// and of the seccomp compiler costs many times the second.
/// </summary>
internal static class Rehearsal
{
    public static void Run()
    {
        _ = JsonSerializer.Deserialize(LaunchExample, SupervisorJson.Default.SupervisorLaunch);
        _ = JsonSerializer.SerializeToUtf8Bytes(new SupervisorLaunched(1, 1, DateTimeOffset.UnixEpoch, []), SupervisorJson.Default.SupervisorLaunched);
        _ = SupervisorJson.Default.ContainerExit;
        var spec = JsonSerializer.Deserialize(SpecExample, RuntimeSpecJson.Default.OciSpec)!;
        _ = ContainerPlan.Parse(spec);
        _ = SeccompCompiler.Compile(spec.Linux!.Seccomp!, SeccompArchitectures.Native);
    }

    // Values are of no account, members are: each brings in the type it has.
    private static ReadOnlySpan<byte> LaunchExample => """
        {"ContainerId":"x","BundlePath":"/x","SocketPath":"/x","ExitPath":"/x","Rootfs":{"LowerDirectories":["/x"],"UpperDirectory":"/x","WorkDirectory":"/x","Volatile":false},
        "Log":{"Path":"/x","MaxSizeBytes":0,"MaxFiles":1,"Compress":false},"OpenStdin":false,"StdinOnce":false,"Watch":true}
        """u8;

    private static ReadOnlySpan<byte> SpecExample => """
        {"ociVersion":"1.2.1","hostname":"x","annotations":{"x":"y"},"root":{"path":"rootfs","readonly":false},
        "process":{"terminal":false,"cwd":"/","args":["true"],"env":["PATH=/bin"],"user":{"uid":0,"gid":0,"additionalGids":[0]},"noNewPrivileges":false,"oomScoreAdj":0,
          "capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]},"rlimits":[{"type":"RLIMIT_NOFILE","soft":1024,"hard":1024}]},
        "mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},{"destination":"/etc/hosts","type":"bind","source":"/dev/null","options":["rbind","rprivate"]}],
        "linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/proc/self/ns/net"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],"cgroupsPath":"/x","sysctl":{"net.ipv4.ping_group_range":"0 0"},
          "resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}],"memory":{"limit":1048576},"cpu":{"shares":2},"pids":{"limit":1},"blockIO":{"weight":10}},
          "maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"],
          "seccomp":{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],
            "syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW"},{"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]},{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}}}
        """u8;
}
