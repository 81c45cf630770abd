namespace Berth.Runtime.Launch;

/// <summary>
/// Where a created container waits for "start": a listening Unix socket, which the set-up process accepts one connection on.
/// The one who connects is told of what still fails behind the gate, or reads end of file when the program runs.
/// </summary>
/// <param name="SocketPath">Does not exist yet; in a directory that nobody else can enter.</param>
internal sealed record StartGate(string SocketPath);
