namespace Berth.Client.CommandLine;

/// <summary>What a shell may offer in the place of an argument or an option's value.</summary>
internal enum Completes
{
    Nothing,
    Files,
    Containers,
    RunningContainers,
    StoppedContainers,
    Images,
    Networks,
    Volumes,
    Signals,

    /// <summary>The words named in <see cref="Option.Choices"/>.</summary>
    Choices,

    /// <summary>An image first, then anything the shell knows: files, mostly.</summary>
    ImageThenFiles,

    /// <summary>A network first, then a container.</summary>
    NetworkThenContainer,

    /// <summary>A running container first, then files.</summary>
    RunningContainerThenFiles,
}
