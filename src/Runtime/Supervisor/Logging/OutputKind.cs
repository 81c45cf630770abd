namespace Berth.Runtime.Supervisor.Logging;

/// <summary>Which stream; the values are those of Docker's stream header.</summary>
internal enum OutputKind : byte
{
    Stdout = 1,
    Stderr = 2,
}
