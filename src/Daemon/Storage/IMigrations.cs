namespace Berth.Daemon.Storage;

/// <summary>A feature's tables. Each step runs once, in order, in one transaction with the note that it ran; a released step is never edited.</summary>
internal interface IMigrations
{
    /// <summary>The feature's folder name in lower case, such as "containers"; it keys the applied version.</summary>
    string Feature { get; }

    /// <summary>SQL scripts; step n brings the feature from version n to n + 1.</summary>
    IReadOnlyList<string> Steps { get; }
}
