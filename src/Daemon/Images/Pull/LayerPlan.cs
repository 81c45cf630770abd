using Berth.Daemon.Images.Registry;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Pull;

/// <summary>One layer that an image needs, and how its blob is had.</summary>
/// <param name="Below">Chain ids of the layers under it, top first.</param>
/// <param name="Size">Bytes of the blob.</param>
/// <param name="Open">Opens the blob at the registry from an offset on.</param>
internal sealed record LayerPlan(
    string ChainId, Digest DiffId, IReadOnlyList<string> Below, Digest Blob, string MediaType, long Size, Func<long, CancellationToken, Task<RegistryBlob>> Open)
{
    /// <summary>image-spec config.md, "Layer ChainID": a layer alone is its diff id, above others the digest of both ids.</summary>
    public static string[] ChainIds(IReadOnlyList<Digest> diffIds)
    {
        var chain = new string[diffIds.Count];
        for (var i = 0; i < diffIds.Count; i++)
        {
            chain[i] = i == 0 ? diffIds[0].ToString() : Digest.OfSha256(System.Text.Encoding.ASCII.GetBytes($"{chain[i - 1]} {diffIds[i]}")).ToString();
        }

        return chain;
    }
}

internal enum LayerPhase
{
    Waiting,
    Downloading,
    Verifying,
    Downloaded,
    Extracting,
    Complete,
}

/// <param name="Current">Bytes of the blob received, or unpacked.</param>
internal readonly record struct LayerProgress(LayerPhase Phase, long Current = 0, long Total = 0);
