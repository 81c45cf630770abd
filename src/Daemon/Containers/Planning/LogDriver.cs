namespace Berth.Daemon.Containers.Planning;

/// <summary>The log drivers, by the names that users give them.</summary>
internal static class LogDriver
{
    public const string JsonFile = "json-file", Local = "local", Journald = "journald", Syslog = "syslog", None = "none";

    public static IReadOnlyList<string> Names { get; } = [Journald, JsonFile, Local, None, Syslog];

    /// <summary>Lines go to another program; files are only kept beside it, to be read back.</summary>
    public static bool Forwards(string driver) => driver is Journald or Syslog;
}
