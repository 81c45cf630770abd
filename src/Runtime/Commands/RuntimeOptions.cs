namespace Berth.Runtime.Commands;

/// <summary>The options before the command.</summary>
/// <param name="Root">Directory of the containers' states; 0700.</param>
internal sealed record RuntimeOptions(string Root, string? LogPath, bool LogJson, bool Debug)
{
    public const string DefaultRoot = "/run/berth-runtime";
}
