using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups;

internal static class RdmaLine
{
    /// <summary>A line of rdma.max: "mlx4_0 hca_handle=2 hca_object=2000".</summary>
    public static string Format(string device, OciRdma limits)
        => $"{device}{(limits.HcaHandles is { } handles ? $" hca_handle={handles}" : "")}{(limits.HcaObjects is { } objects ? $" hca_object={objects}" : "")}";
}
