namespace Berth.Daemon.Containers.Exec;

/// <summary>How a prepared exec is started.</summary>
/// <param name="ConsoleSize">In place of the one given when it was made; null: that one.</param>
internal sealed record ExecStartOptions(bool Detach, TerminalSize? ConsoleSize);
