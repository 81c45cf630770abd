using Berth.Shared.Cgroups;

namespace Berth.Runtime.Launch;

/// <summary>A container whose first process runs, or waits behind its <see cref="StartGate"/>.</summary>
internal sealed class LaunchedContainer : LaunchedProcess
{
    /// <summary>Made by the launch when linux.cgroupsPath is set; whoever launched destroys it after the end. Null: it runs in the launcher's own.</summary>
    public required ICgroup? Cgroup { get; init; }

    /// <summary>The words for what the child still does behind its gate; empty without one.</summary>
    public IReadOnlyList<GatedStep> GatedSteps { get; init; } = [];
}

/// <param name="Index">As the child reports it.</param>
/// <param name="What">As <see cref="StepList.Describe"/>.</param>
internal sealed record GatedStep(int Index, string What, bool IsExecution, bool IsHook);
