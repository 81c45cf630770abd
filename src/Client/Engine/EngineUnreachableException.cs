namespace Berth.Client.Engine;

/// <summary>No daemon could be reached at the address.</summary>
internal sealed class EngineUnreachableException(string address, string reason, Exception? inner = null)
    : Exception($"Cannot connect to the Berth daemon at {address}. Is the berthd daemon running? ({reason})", inner);
