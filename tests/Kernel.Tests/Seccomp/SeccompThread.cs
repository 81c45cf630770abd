using System.Runtime.InteropServices;
using Berth.Runtime.Security.Seccomp;

namespace Berth.Kernel.Tests.Seccomp;

/// <summary>A thread of its own under a filter: seccomp(2) without TSYNC binds only the caller, and ends with it.</summary>
internal static unsafe partial class SeccompThread
{
    private const int PR_SET_NO_NEW_PRIVS = 38, SECCOMP_SET_MODE_FILTER = 1;

    private static nint SeccompNumber => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 277 : 317;

    /// <returns>The errno of each call, 0 for success.</returns>
    public static int[] Call(CompiledSeccomp filter, params (nint Number, nint[] Arguments)[] calls)
    {
        var results = new int[calls.Length];
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Install(filter);
                for (var i = 0; i < calls.Length; i++)
                {
                    var a = calls[i].Arguments;
                    results[i] = syscall(calls[i].Number, At(a, 0), At(a, 1), At(a, 2), At(a, 3), At(a, 4), At(a, 5)) < 0 ? Marshal.GetLastPInvokeError() : 0;
                }
            }
            catch (InvalidOperationException e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? results : throw failure;
    }

    private static void Install(CompiledSeccomp filter)
    {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        {
            throw new InvalidOperationException($"prctl: {Marshal.GetLastPInvokeError()}");
        }

        fixed (BpfInstruction* instructions = filter.Instructions)
        {
            var program = new Program { Length = (ushort)filter.Instructions.Length, Instructions = instructions };
            if (syscall(SeccompNumber, SECCOMP_SET_MODE_FILTER, (nint)filter.Flags, (nint)(&program), 0, 0, 0) != 0)
            {
                throw new InvalidOperationException($"seccomp: {Marshal.GetLastPInvokeError()}");
            }
        }
    }

    private static nint At(nint[] arguments, int index) => index < arguments.Length ? arguments[index] : 0;

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public BpfInstruction* Instructions;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
