using Berth.Shared.Cgroups.Devices;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V1;

/// <summary>The devices controller: devices.allow, devices.deny, devices.list.</summary>
internal static class V1Devices
{
    public static void Apply(string? directory, OciDeviceRule[] rules, LimitWriter limits)
    {
        if (rules.Length == 0)
        {
            return;
        }

        var wanted = DeviceExceptions.From([.. rules.Select(DeviceRule.Parse)]);
        if (directory is null)
        {
            if (!wanted.AllowsByDefault || wanted.All.Count > 0)
            {
                limits.Lacks("device rules", "devices controller");
            }

            return;
        }

        var current = DeviceExceptions.Parse(KernelFiles.ReadText($"{directory}/devices.list"));
        var allow = new List<string>();
        var deny = new List<string>();
        if (wanted.AllowsByDefault)
        {
            // The list doesn't tell exceptions from "allow", so they are set anew.
            Write(directory, "devices.allow", ["a"]);
            deny.AddRange(wanted.All.Select(exception => Line(exception.Key, exception.Value)));
        }
        else
        {
            if (current.AllowsByDefault)
            {
                Write(directory, "devices.deny", ["a"]);
                current = DeviceExceptions.From([]);
            }

            // Only differences: a running process must not lose /dev/null between two writes.
            foreach (var (key, access) in wanted.All)
            {
                var missing = access & ~current.All.GetValueOrDefault(key);
                if (missing != 0)
                {
                    allow.Add(Line(key, missing));
                }
            }

            foreach (var (key, access) in current.All)
            {
                var surplus = access & ~wanted.All.GetValueOrDefault(key);
                if (surplus != 0)
                {
                    deny.Add(Line(key, surplus));
                }
            }
        }

        Write(directory, "devices.allow", allow);
        Write(directory, "devices.deny", deny);
    }

    private static void Write(string directory, string file, List<string> lines)
    {
        try
        {
            KernelFiles.WriteTexts($"{directory}/{file}", lines);
        }
        catch (ErrnoException e)
        {
            throw CgroupErrors.Refused(file, string.Join(", ", lines), e, e.Errno == Errno.EPERM ? "the parent cgroup doesn't have this access itself" : null);
        }
    }

    private static string Line((DeviceKind Kind, uint? Major, uint? Minor) key, DeviceAccess access)
        => $"{(key.Kind == DeviceKind.Block ? 'b' : 'c')} {key.Major?.ToString() ?? "*"}:{key.Minor?.ToString() ?? "*"} "
           + $"{((access & DeviceAccess.Read) != 0 ? "r" : "")}{((access & DeviceAccess.Write) != 0 ? "w" : "")}{((access & DeviceAccess.Mknod) != 0 ? "m" : "")}";
}
