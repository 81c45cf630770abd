namespace Berth.Shared.Supervision;

/// <summary>A supervisor refused a request; its words are in <see cref="Failure"/>.</summary>
public sealed class SupervisorException(SupervisorFailure failure) : Exception(failure.Message)
{
    public SupervisorFailure Failure { get; } = failure;
}
