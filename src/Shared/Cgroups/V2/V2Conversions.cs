using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V2;

/// <summary>Docker and OCI speak in v1's units; these are the common translations of them.</summary>
internal static class V2Conversions
{
    /// <summary>CPU shares (2 to 262144, 1024 the default) to cpu.weight (1 to 10000, 100 the default).</summary>
    /// <remarks>
    /// The curve that runc and crun agreed on in 2025: a parabola in the logarithms through (2, 1), (1024, 100) and (262144, 10000).
    /// The straight line before it made 1024 into 39, so a container with default shares got less than a process without any.
    /// </remarks>
    public static ulong CpuWeight(ulong shares)
    {
        if (shares <= 2)
        {
            return 1;
        }

        if (shares >= 262144)
        {
            return 10000;
        }

        var logarithm = Math.Log2(shares);
        var exponent = ((logarithm * logarithm) + (125 * logarithm)) / 612.0 - (7.0 / 34.0);
        return (ulong)Math.Ceiling(Math.Pow(10, exponent));
    }

    /// <summary>Block I/O weight (10 to 1000) to io.weight (1 to 10000).</summary>
    public static ulong IoWeight(ushort weight) => 1 + (((ulong)weight - 10) * 9999 / 990);

    /// <summary>OCI's swap is memory and swap together; v2 limits swap alone.</summary>
    /// <returns>Bytes, -1 for no limit, null to leave it alone.</returns>
    /// <exception cref="Errors.EngineException">InvalidArgument: less than the memory limit, or no memory limit to subtract.</exception>
    public static long? SwapOnly(OciMemory memory)
    {
        var limit = memory.Limit is 0 ? null : memory.Limit;
        var swap = memory.Swap is 0 ? null : memory.Swap;
        if (swap is null)
        {
            return limit == -1 ? -1 : null;
        }

        if (swap == -1 || limit == -1)
        {
            return -1;
        }

        if (limit is null)
        {
            throw CgroupErrors.Contradiction("Memory limit should be set together with the memoryswap limit");
        }

        return swap < limit ? throw CgroupErrors.Contradiction("Minimum memoryswap limit should be larger than memory limit") : swap - limit;
    }
}
