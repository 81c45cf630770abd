using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

/// <summary>"container[:mode]": take over that container's mounts.</summary>
/// <param name="ReadOnly">Writable ones become read-only.</param>
internal sealed record VolumesFromPlan(string Container, bool ReadOnly)
{
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static VolumesFromPlan Parse(string? specification)
    {
        if (string.IsNullOrEmpty(specification))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "volumes-from specification cannot be an empty string");
        }

        var colon = specification.IndexOf(':');
        if (colon < 0)
        {
            return new VolumesFromPlan(specification, ReadOnly: false);
        }

        var mode = BindMode.Parse(specification[(colon + 1)..]);

        // The mounts are there already, with the propagation and the content they have.
        return mode.Propagation is not null || mode.NoCopy
            ? throw BindMode.Invalid(mode.Text)
            : new VolumesFromPlan(specification[..colon], mode.ReadOnly);
    }
}
