using System.Runtime.InteropServices;
using Berth.Shared.Cgroups.Devices;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V2;

/// <summary>Device rules on v2: one eBPF program per cgroup, replaced at each update.</summary>
internal static class V2Devices
{
    public static void Apply(string directory, OciDeviceRule[] oci)
    {
        if (oci.Length == 0)
        {
            return;
        }

        var rules = oci.Select(DeviceRule.Parse).ToArray();
        using var cgroup = KernelFiles.OpenDirectory(directory);
        try
        {
            Replace(cgroup, rules);
        }
        catch (ErrnoException e)
        {
            throw new EngineException(ErrorKind.Internal, $"Cannot set the device rules of the cgroup {directory}: {e.Message}", e);
        }
    }

    private static void Replace(Microsoft.Win32.SafeHandles.SafeFileHandle cgroup, DeviceRule[] rules)
    {
        var attached = CgroupPrograms.DevicePrograms(cgroup);
        try
        {
            if (attached.Count == 0 && rules[^1] is { IsWhole: true, Allow: true })
            {
                return; // no program allows everything already
            }

            using var program = CgroupPrograms.LoadDeviceProgram(MemoryMarshal.AsBytes(DeviceProgram.Assemble(rules).AsSpan()));
            CgroupPrograms.AttachDeviceProgram(cgroup, program, attached.Count == 1 ? attached[0] : null);

            // More than one program: someone else added theirs, and all must agree. New first, then away with the old: never a moment without.
            if (attached.Count > 1)
            {
                foreach (var old in attached)
                {
                    CgroupPrograms.DetachDeviceProgram(cgroup, old);
                }
            }
        }
        finally
        {
            foreach (var old in attached)
            {
                old.Dispose();
            }
        }
    }
}
