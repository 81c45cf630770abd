using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

/// <summary>A system call failed.</summary>
/// <param name="errno">The error number the kernel gave.</param>
/// <param name="call">The call's name, as in its man page.</param>
/// <param name="target">What it was asked to act on, for the reader of the message.</param>
public sealed class ErrnoException(Errno errno, string call, string? target = null)
    : IOException($"{call}{(target is null ? "" : $" {target}")}: {Describe(errno)}")
{
    public Errno Errno { get; } = errno;

    public string Call { get; } = call;

    public string? Target { get; } = target;

    /// <summary>The C library's words for the error, such as "no such file or directory".</summary>
    public static string Describe(Errno errno)
    {
        var words = Marshal.GetPInvokeErrorMessage((int)errno);
        return words.Length == 0 ? errno.ToString() : char.ToLowerInvariant(words[0]) + words[1..];
    }
}
