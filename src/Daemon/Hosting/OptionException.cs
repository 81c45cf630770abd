namespace Berth.Daemon.Hosting;

/// <summary>The command line or the configuration file says something that can't be done; the message is for the administrator.</summary>
internal sealed class OptionException(string message) : Exception(message);
