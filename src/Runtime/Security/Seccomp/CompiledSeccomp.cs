namespace Berth.Runtime.Security.Seccomp;

/// <summary>A filter ready for seccomp(SECCOMP_SET_MODE_FILTER, Flags, …).</summary>
/// <param name="Instructions">At most 4096, as the kernel allows.</param>
/// <param name="Flags">SECCOMP_FILTER_FLAG_*.</param>
internal sealed record CompiledSeccomp(BpfInstruction[] Instructions, uint Flags);
