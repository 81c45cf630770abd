namespace Berth.Runtime.Security.Seccomp;

/// <summary>A filter ready for seccomp(SECCOMP_SET_MODE_FILTER, Flags, …).</summary>
/// <param name="Instructions">At most 4096, as the kernel allows.</param>
/// <param name="Flags">SECCOMP_FILTER_FLAG_*, without NEW_LISTENER.</param>
/// <param name="ListenerPath">Set when some rule notifies: the installer adds NEW_LISTENER and sends the descriptor to this socket.</param>
internal sealed record CompiledSeccomp(BpfInstruction[] Instructions, uint Flags, string? ListenerPath)
{
    public const uint FlagNewListener = 8;
}
