using System.Text;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Archive;

/// <summary>A path in a container as a client names it: made absolute and clean, with what a slash or "/." at its end means kept.</summary>
/// <param name="Text">Absolute, without "." and "..", and without a slash at its end but for the root.</param>
/// <param name="FollowsLast">A link at the end is followed: the client wrote a slash or "/." behind it.</param>
/// <param name="Base">The last component as archives name it: "." for "/x/.", "/" for the root.</param>
internal sealed record ContainerPathName(string Text, bool FollowsLast, string Base)
{
    private const int Longest = 4095;

    public byte[] Bytes { get; } = Encoding.UTF8.GetBytes(Text.TrimStart('/'));

    /// <exception cref="EngineException">InvalidArgument: empty, too long, or with a NUL.</exception>
    public static ContainerPathName Parse(string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw new EngineException(ErrorKind.InvalidArgument, "bad parameter: path cannot be empty: give the path in the container, ?path=/etc/hosts");
        }

        if (path.Contains('\0') || Encoding.UTF8.GetByteCount(path) > Longest)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"bad parameter: path has a NUL character, or more than {Longest} bytes");
        }

        var components = new List<string>();
        foreach (var component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (component)
            {
                case ".":
                    break;
                case "..":
                    components.RemoveRange(Math.Max(0, components.Count - 1), Math.Min(1, components.Count));
                    break;
                default:
                    components.Add(component);
                    break;
            }
        }

        var text = "/" + string.Join('/', components);
        var isDot = path == "." || path.EndsWith("/.", StringComparison.Ordinal);
        return new ContainerPathName(
            text, isDot || path.EndsWith('/'), isDot && components.Count > 0 ? "." : components.Count == 0 ? "/" : components[^1]);
    }
}
