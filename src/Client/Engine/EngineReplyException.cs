namespace Berth.Client.Engine;

/// <summary>The daemon answered with a refusal.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="words">The daemon's own words.</param>
internal sealed class EngineReplyException(int status, string words) : Exception("Error response from daemon: " + words)
{
    public int Status { get; } = status;

    public string Words { get; } = words;
}
