using Berth.Shared.Errors;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>SECCOMP_FILTER_FLAG_*, linux/seccomp.h.</summary>
internal static class SeccompFlags
{
    private const uint Log = 2, SpecAllow = 4;

    /// <param name="names">Null: the runtime's choice, which is to leave speculative execution alone, as the kernel itself has done since 5.16.</param>
    /// <exception cref="EngineException">InvalidArgument: no such flag.</exception>
    public static uint Parse(string[]? names)
    {
        if (names is null)
        {
            return SpecAllow;
        }

        var flags = 0u;
        foreach (var name in names)
        {
            flags |= name switch
            {
                // Asks for all threads; the process that installs the filter has one.
                "SECCOMP_FILTER_FLAG_TSYNC" => 0,
                "SECCOMP_FILTER_FLAG_LOG" => Log,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => SpecAllow,

                // Is about waiting for a listener's answer, and there is no listener; the kernel would refuse it.
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => 0,
                _ => throw new EngineException(ErrorKind.InvalidArgument, $"Unknown seccomp flag {name}"),
            };
        }

        return flags;
    }
}
