using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor.Streams;

/// <summary>Our ends of a process's stdio, non-blocking; null is /dev/null on the other side. With a terminal the three are null.</summary>
internal sealed record ProcessStdio(SafeFileHandle? Stdin, SafeFileHandle? Stdout, SafeFileHandle? Stderr, SafeFileHandle? Terminal);
