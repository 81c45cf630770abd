using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.Devices;

/// <summary>A checked rule; a null number stands for every one.</summary>
internal readonly record struct DeviceRule(bool Allow, DeviceKind Kind, uint? Major, uint? Minor, DeviceAccess Access)
{
    /// <summary>Says something about every device and every access, so nothing before it counts.</summary>
    public bool IsWhole => Kind == DeviceKind.Any && Major is null && Minor is null && Access == DeviceAccess.All;

    /// <exception cref="Errors.EngineException">InvalidArgument.</exception>
    public static DeviceRule Parse(OciDeviceRule rule)
    {
        var kind = rule.Type switch
        {
            null or "" or "a" => DeviceKind.Any,
            "b" => DeviceKind.Block,
            "c" or "u" => DeviceKind.Character,
            _ => throw CgroupErrors.Contradiction($"Device rule has type {rule.Type}, which is none of a, b, c"),
        };
        var access = DeviceAccess.None;
        foreach (var letter in string.IsNullOrEmpty(rule.Access) ? "rwm" : rule.Access)
        {
            access |= letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.Mknod,
                _ => throw CgroupErrors.Contradiction($"Device rule has access {rule.Access}, of which only r, w and m are known"),
            };
        }

        return new DeviceRule(rule.Allow, kind, Number(rule.Major), Number(rule.Minor), access);
    }

    // -1 is how Docker and runc write "every one".
    private static uint? Number(long? number) => number switch
    {
        null or -1 => null,
        >= 0 and <= int.MaxValue => (uint)number.Value,
        _ => throw CgroupErrors.Contradiction($"Device rule has number {number}, which is outside of 0 to {int.MaxValue}"),
    };
}
