namespace Berth.Daemon.Containers;

/// <summary>Steps that leave traces outside the database; written before the first effect, cleared by the save that completes them.</summary>
internal static class ContainerIntent
{
    /// <summary>A supervisor, an endpoint and files may exist; undone on recovery, because nobody was told of the start.</summary>
    public const string Start = "start";

    /// <summary>Files may be half gone; finished on recovery.</summary>
    public const string Remove = "remove";
}
