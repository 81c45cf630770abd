using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

/// <summary>A configuration, checked as far as can be without touching the machine, and in the terms of the launch.</summary>
internal sealed record ContainerPlan
{
    public required OciSpec Spec { get; init; }

    public required NamespacePlan Namespaces { get; init; }

    public required ProcessPlan Process { get; init; }

    public required IReadOnlyList<MountPlan> Mounts { get; init; }

    public required MountPropagation RootPropagation { get; init; }

    public required bool RootPropagationBelow { get; init; }

    /// <summary>Path below /proc/sys, and value.</summary>
    public required IReadOnlyList<(string Path, string Value)> Sysctls { get; init; }

    /// <summary>For personality(2); null to leave it.</summary>
    public uint? Personality { get; init; }

    public OciLinux Linux => Spec.Linux!;

    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument, NotImplemented; the message names the field.</exception>
    public static ContainerPlan Parse(OciSpec spec)
    {
        if (!IsVersion1(spec.OciVersion))
        {
            throw PlanErrors.Unsupported($"ociVersion \"{spec.OciVersion}\"", "this runtime reads versions 1.x");
        }

        var linux = spec.Linux ?? throw PlanErrors.Invalid("linux", "missing");
        var process = spec.Process ?? throw PlanErrors.Invalid("process", "missing");
        if (linux.MountLabel is { Length: > 0 })
        {
            throw PlanErrors.Unsupported("linux.mountLabel", "this engine has no SELinux support");
        }

        foreach (var (name, value) in new[] { ("linux.intelRdt", linux.IntelRdt), ("linux.netDevices", linux.NetDevices), ("linux.memoryPolicy", linux.MemoryPolicy) })
        {
            if (value is not null)
            {
                throw PlanErrors.Unsupported(name, "this runtime doesn't have it yet");
            }
        }

        if (linux.Seccomp is { ListenerPath.Length: > 0 } or { ListenerMetadata.Length: > 0 })
        {
            throw PlanErrors.Unsupported("linux.seccomp.listenerPath", "this runtime has no seccomp notification");
        }

        var namespaces = NamespacePlan.Parse(linux);
        foreach (var (name, value) in new[] { ("hostname", spec.Hostname), ("domainname", spec.Domainname) })
        {
            if (value is { Length: > 0 } && !namespaces.HasOwn(NamespaceKinds.Uts))
            {
                throw PlanErrors.Invalid(name, "it needs a UTS namespace of its own");
            }
        }

        var (propagation, below) = ParsePropagation(linux.RootfsPropagation);
        return new ContainerPlan
        {
            Spec = spec,
            Namespaces = namespaces,
            Process = ProcessPlan.Parse(process, namespaces.New.HasFlag(NamespaceKinds.User)),
            Mounts = [.. (spec.Mounts ?? []).Select(MountOptions.Parse)],
            RootPropagation = propagation,
            RootPropagationBelow = below,
            Sysctls = ParseSysctls(linux.Sysctl, namespaces),
            Personality = ParsePersonality(linux.Personality),
        };
    }

    private static bool IsVersion1(string version) => version.StartsWith("1.", StringComparison.Ordinal);

    private static (MountPropagation Propagation, bool Below) ParsePropagation(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return (MountPropagation.Unchanged, false);
        }

        return MountOptions.FindPropagation(name) ?? throw PlanErrors.Invalid("linux.rootfsPropagation", $"\"{name}\" is no propagation");
    }

    /// <summary>Only those that belong to a namespace which the container has to itself: the others are the whole host's.</summary>
    private static List<(string Path, string Value)> ParseSysctls(Dictionary<string, string>? sysctls, NamespacePlan namespaces)
    {
        var planned = new List<(string, string)>(sysctls?.Count ?? 0);
        foreach (var (key, value) in sysctls ?? [])
        {
            // sysctl(8): whichever of '.' and '/' comes first separates, and the other one is then part of a name (an interface "eth0.1").
            var separator = key.IndexOfAny(['.', '/']);
            var name = separator >= 0 && key[separator] == '/' ? key.Replace('/', '\0').Replace('.', '/').Replace('\0', '.') : key;
            var (needed, known) = name switch
            {
                "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.sem" or "kernel.shmall" or "kernel.shmmax" or "kernel.shmmni" or "kernel.shm_rmid_forced"
                    => (NamespaceKinds.Ipc, true),
                _ when name.StartsWith("fs.mqueue.", StringComparison.Ordinal) => (NamespaceKinds.Ipc, true),
                _ when name.StartsWith("net.", StringComparison.Ordinal) => (NamespaceKinds.Network, true),
                "kernel.domainname" or "kernel.hostname" => (NamespaceKinds.Uts, true),
                _ when name.StartsWith("user.", StringComparison.Ordinal) => (NamespaceKinds.User, true),
                _ => (NamespaceKinds.None, false),
            };
            if (!known)
            {
                throw PlanErrors.Invalid("linux.sysctl", $"\"{key}\" belongs to the whole host and not to a namespace");
            }

            if (!namespaces.HasOwn(needed))
            {
                throw PlanErrors.Invalid("linux.sysctl", $"\"{key}\" needs a {NamespacePlan.NameOf(needed)} namespace of the container's own");
            }

            var path = name.Replace('.', '\0').Replace('/', '.').Replace('\0', '/');
            if (path.Split('/').Any(part => part is "" or "." or ".."))
            {
                throw PlanErrors.Invalid("linux.sysctl", $"\"{key}\" is no name of a sysctl");
            }

            planned.Add((path, value));
        }

        return planned;
    }

    private static uint? ParsePersonality(OciPersonality? personality)
    {
        if (personality is null)
        {
            return null;
        }

        if (personality.Flags is { Length: > 0 })
        {
            throw PlanErrors.Unsupported("linux.personality.flags", "the specification defines none");
        }

        return personality.Domain switch
        {
            "LINUX" => 0x0000,
            "LINUX32" => 0x0008,
            _ => throw PlanErrors.Invalid("linux.personality.domain", $"\"{personality.Domain}\" is neither LINUX nor LINUX32"),
        };
    }
}
