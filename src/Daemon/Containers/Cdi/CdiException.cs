namespace Berth.Daemon.Containers.Cdi;

/// <summary>A file that is no CDI specification.</summary>
internal sealed class CdiException(string message, Exception? inner = null) : Exception(message, inner);
