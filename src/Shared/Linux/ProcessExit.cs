namespace Berth.Shared.Linux;

/// <summary>How a process ended.</summary>
/// <param name="status">The word that wait(2) gives.</param>
public readonly struct ProcessExit(int status)
{
    /// <summary>The signal that ended it; 0 when it ended by itself.</summary>
    public int Signal => status & 0x7f;

    /// <summary>Its exit code, or 128 + the signal, as shells and container engines count.</summary>
    public int Code => Signal == 0 ? (status >> 8) & 0xff : 128 + Signal;

    public override string ToString() => Signal == 0 ? $"exit code {Code}" : $"signal {Signal}";
}
