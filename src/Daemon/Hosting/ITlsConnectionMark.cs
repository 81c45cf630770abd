namespace Berth.Daemon.Hosting;

/// <summary>Set on connections whose bytes are encrypted, so that nobody writes plain ones to their socket.</summary>
internal interface ITlsConnectionMark;

internal sealed class TlsConnectionMark : ITlsConnectionMark
{
    public static TlsConnectionMark Instance { get; } = new();
}
