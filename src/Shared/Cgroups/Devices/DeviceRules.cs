using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.Devices;

/// <summary>Lists of device rules, as config.json carries them.</summary>
public static class DeviceRules
{
    /// <summary>
    /// What every container may do with devices, as Docker's may: nothing, except make nodes of any kind (which gives no access to the device)
    /// and use null, zero, full, random, urandom, tty, console and the pseudo-terminals. A container's own devices come after these.
    /// </summary>
    public static OciDeviceRule[] Standard =>
    [
        new() { Allow = false, Access = "rwm" },
        new() { Allow = true, Type = "c", Access = "m" },
        new() { Allow = true, Type = "b", Access = "m" },
        Character(1, 3),
        Character(1, 5),
        Character(1, 7),
        Character(1, 8),
        Character(1, 9),
        Character(5, 0),
        Character(5, 1),
        Character(5, 2),
        Character(136, null),
    ];

    /// <summary>Nothing, then what these rules allow, then what every container has.</summary>
    public static OciDeviceRule[] WithStandard(OciDeviceRule[] rules) => [Standard[0], .. rules, .. Standard[1..]];

    /// <summary>Of a privileged container.</summary>
    public static OciDeviceRule[] Everything => [new() { Allow = true, Access = "rwm" }];

    private static OciDeviceRule Character(long major, long? minor) => new() { Allow = true, Type = "c", Major = major, Minor = minor, Access = "rwm" };
}
