namespace Berth.Shared.Errors;

/// <summary>A failure whose words are meant for the user.</summary>
public sealed class EngineException(ErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public ErrorKind Kind { get; } = kind;
}
