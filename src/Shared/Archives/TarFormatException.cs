namespace Berth.Shared.Archives;

/// <summary>An archive is not what it should be; the message tells what and where.</summary>
public sealed class TarFormatException(string message) : IOException(message);
