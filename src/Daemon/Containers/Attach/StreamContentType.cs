using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.Attach;

/// <summary>How a client is told whether output comes in frames.</summary>
internal static class StreamContentType
{
    public const string Raw = "application/vnd.docker.raw-stream";

    public const string Framed = "application/vnd.docker.multiplexed-stream";

    /// <summary>Before 1.42 the type said nothing about frames.</summary>
    public static string For(ApiVersion version, bool tty) => tty || version < new ApiVersion(1, 42) ? Raw : Framed;
}
