using Berth.Shared.Oci;

namespace Berth.Runtime.Security;

/// <summary>The devices that a container may use whatever its rules say, since the runtime itself puts them into its /dev.</summary>
internal static class DefaultDevices
{
    private static readonly OciDeviceRule[] Rules =
    [
        // Nodes may be made of any device; using them is another matter.
        new() { Allow = true, Type = "c", Access = "m" }, new() { Allow = true, Type = "b", Access = "m" },
        Of(1, 3), Of(1, 5), Of(1, 7), Of(1, 8), Of(1, 9), Of(5, 0), Of(5, 2),
        new() { Allow = true, Type = "c", Major = 136, Access = "rwm" }, // /dev/pts/*
    ];

    /// <summary>Rules that say anything at all get these after them; without rules nothing is restricted.</summary>
    public static OciResources? Allow(OciResources? resources)
        => resources?.Devices is { Length: > 0 } devices ? resources with { Devices = [.. devices, .. Rules] } : resources;

    private static OciDeviceRule Of(long major, long minor) => new() { Allow = true, Type = "c", Major = major, Minor = minor, Access = "rwm" };
}
