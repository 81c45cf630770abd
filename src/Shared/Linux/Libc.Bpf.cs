using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <linux/bpf.h>. bpf(2) has no wrapper in the C library, hence syscall(2).
internal static partial class Libc
{
    internal static nint BpfNumber => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial nint syscall_bpf(nint number, nint command, void* attributes, nint size);
}
