namespace Berth.Client.Engine.Http;

/// <summary>The peer's bytes are not the HTTP/1.1 that this client accepts.</summary>
internal sealed class MalformedReplyException(string message) : IOException("malformed reply from the daemon: " + message);
