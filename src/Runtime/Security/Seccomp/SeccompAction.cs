using Berth.Shared.Errors;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>SECCOMP_RET_* with its 16 bits of data, linux/seccomp.h.</summary>
internal static class SeccompAction
{
    public const uint KillProcess = 0x8000_0000, KillThread = 0, Trap = 0x0003_0000, Error = 0x0005_0000, Notify = 0x7fc0_0000, Trace = 0x7ff0_0000,
        Log = 0x7ffc_0000, Allow = 0x7fff_0000;

    public const uint KindMask = 0xffff_0000;

    private const uint EPERM = 1, ENOSYS = 38;

    public const uint NoSuchCall = Error | ENOSYS;

    /// <param name="errno">For ERRNO what the call answers, for TRACE what the tracer is told; null: EPERM.</param>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static uint Parse(string name, uint? errno)
    {
        if (errno > ushort.MaxValue)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"Seccomp errno {errno} does not fit in 16 bits");
        }

        return name switch
        {
            "SCMP_ACT_KILL" or "SCMP_ACT_KILL_THREAD" => KillThread,
            "SCMP_ACT_KILL_PROCESS" => KillProcess,
            "SCMP_ACT_TRAP" => Trap,
            "SCMP_ACT_ERRNO" => Error | (errno ?? EPERM),
            "SCMP_ACT_TRACE" => Trace | (errno ?? EPERM),
            "SCMP_ACT_ALLOW" => Allow,
            "SCMP_ACT_LOG" => Log,
            "SCMP_ACT_NOTIFY" => Notify,
            _ => throw new EngineException(ErrorKind.InvalidArgument, $"Unknown seccomp action {name}"),
        };
    }

    /// <summary>The call isn't made and nobody else decides about it.</summary>
    public static bool Denies(uint action) => (action & KindMask) is KillProcess or KillThread or Trap or Error;
}
