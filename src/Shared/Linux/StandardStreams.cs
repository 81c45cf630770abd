namespace Berth.Shared.Linux;

/// <summary>Descriptors 0, 1 and 2.</summary>
public static class StandardStreams
{
    /// <summary>Opens /dev/null for those that are closed.</summary>
    public static void EnsureOpen()
    {
        const int getDescriptorFlags = 1;
        for (var stream = 0; stream <= 2; stream++)
        {
            if (KernelCall.Invoke(SyscallNumber.Fcntl, stream, getDescriptorFlags) < 0)
            {
                // The lowest free number is this one, since those before it are open.
                var opened = FilesAt.Open("/dev/null", OpenFlags.ReadWrite);
                opened.SetHandleAsInvalid();
                KernelCall.Invoke(SyscallNumber.Fcntl, stream, 2, 0);
            }
        }
    }
}
