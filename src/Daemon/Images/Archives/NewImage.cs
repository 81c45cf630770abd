using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>An image to be made of another one and perhaps a layer on top.</summary>
internal sealed record NewImage
{
    /// <summary>Held by the caller.</summary>
    public required ImageRecord Base { get; init; }

    /// <summary>An unpacked tar of what is new; null: nothing but the configuration.</summary>
    public SpooledFile? Layer { get; init; }

    public required OciImageConfig Config { get; init; }

    public string Author { get; init; } = "";

    public string Comment { get; init; } = "";

    /// <summary>For the history: the command that led to it.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>What to call it; null for no name.</summary>
    public ImageReference? Name { get; init; }
}
