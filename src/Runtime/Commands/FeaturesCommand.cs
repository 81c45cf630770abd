using System.Text;
using System.Text.Json;
using Berth.Runtime.Security;

namespace Berth.Runtime.Commands;

/// <summary>features: what this runtime understands; runtime-spec features.md.</summary>
internal static class FeaturesCommand
{
    public static int Run()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            Write(json);
        }

        StandardOutput.Write(Encoding.UTF8.GetString(buffer.ToArray()) + "\n");
        return 0;
    }

    private static void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("ociVersionMin", "1.0.0");
        json.WriteString("ociVersionMax", "1.3.0");
        Strings(json, "hooks", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]);
        Strings(json, "mountOptions", Plan.MountOptions.Names);
        json.WriteStartObject("linux");
        Strings(json, "namespaces", ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]);
        Strings(json, "capabilities", CapabilitySet.AllNames);
        json.WriteStartObject("cgroup");
        foreach (var (name, has) in new[] { ("v1", true), ("v2", true), ("systemd", false), ("systemdUser", false), ("rdma", true) })
        {
            json.WriteBoolean(name, has);
        }

        json.WriteEndObject();
        json.WriteStartObject("seccomp");
        json.WriteBoolean("enabled", true);
        Strings(json, "actions", ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG"]);
        Strings(json, "operators", ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"]);
        Strings(json, "archs", ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
        Strings(json, "knownFlags", ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]);
        Strings(json, "supportedFlags", ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]);
        json.WriteEndObject();
        foreach (var (name, has) in new[] { ("apparmor", true), ("selinux", false), ("intelRdt", false), ("netDevices", false), ("memoryPolicy", false) })
        {
            json.WriteStartObject(name);
            json.WriteBoolean("enabled", has);
            json.WriteEndObject();
        }

        json.WriteStartObject("mountExtensions");
        json.WriteStartObject("idmap");
        json.WriteBoolean("enabled", true);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("annotations");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
