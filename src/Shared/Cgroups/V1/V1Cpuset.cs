using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V1;

/// <summary>cpuset on v1: a new directory has neither CPUs nor memory nodes, and takes no process until it has both.</summary>
internal static class V1Cpuset
{
    private static readonly string[] s_files = ["cpuset.cpus", "cpuset.mems"];

    public static void CopyFromParent(string directory)
    {
        var parent = CgroupTree.Parent(directory);
        foreach (var file in s_files)
        {
            if (KernelFiles.ReadText($"{directory}/{file}").Trim().Length > 0)
            {
                continue; // cgroup.clone_children did it
            }

            var value = KernelFiles.ReadText($"{parent}/{file}").Trim();
            if (value.Length == 0 && File.Exists($"{CgroupTree.Parent(parent)}/{file}"))
            {
                // Made by someone who didn't initialise it: a parent like that would make us fail for their omission.
                CopyFromParent(parent);
                value = KernelFiles.ReadText($"{parent}/{file}").Trim();
            }

            KernelFiles.WriteText($"{directory}/{file}", value);
        }
    }

    public static void Apply(string? directory, OciCpu cpu, LimitWriter limits)
    {
        if (!string.IsNullOrEmpty(cpu.Cpus))
        {
            limits.Set(directory, "cpuset.cpus", cpu.Cpus, "CPU set", "not among the CPUs that are online and the parent has");
        }

        if (!string.IsNullOrEmpty(cpu.Mems))
        {
            limits.Set(directory, "cpuset.mems", cpu.Mems, "memory node set", "not among the memory nodes that are online and the parent has");
        }
    }
}
