namespace Berth.Daemon.Containers.Attach;

/// <summary>What a client wants of a container's stdio.</summary>
/// <param name="Logs">What was written before the attach.</param>
/// <param name="Stream">What is written from then on.</param>
internal sealed record AttachOptions(bool Logs, bool Stream, bool Stdin, bool Stdout, bool Stderr, byte[] DetachKeys);
