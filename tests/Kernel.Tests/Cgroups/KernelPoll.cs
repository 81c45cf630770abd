using System.Runtime.InteropServices;

namespace Berth.Kernel.Tests.Cgroups;

internal static partial class KernelPoll
{
    private const short POLLIN = 1;

    public static unsafe bool IsReadable(int descriptor)
    {
        var poll = new PollDescriptor { Descriptor = descriptor, Events = POLLIN };
        return Native(&poll, 1, 0) == 1 && (poll.Returned & POLLIN) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Native(PollDescriptor* descriptors, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
