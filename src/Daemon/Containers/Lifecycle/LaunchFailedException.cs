using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>The container's program was not executed; the failure says at which step, and the exit code by docker run's convention.</summary>
internal sealed class LaunchFailedException(SupervisorFailure failure, Exception inner) : Exception(failure.Message, inner)
{
    public SupervisorFailure Failure { get; } = failure;
}
