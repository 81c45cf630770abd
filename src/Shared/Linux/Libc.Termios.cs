using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

internal static partial class Libc // <termios.h>, <sys/ioctl.h> for terminals
{
    internal const nuint TIOCGWINSZ = 0x5413;
    internal const nuint TIOCSWINSZ = 0x5414;
    internal const int TCSADRAIN = 1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcgetattr(int fd, out Termios state);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcsetattr(int fd, int when, in Termios state);

    [LibraryImport("libc")]
    internal static partial void cfmakeraw(ref Termios state);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_winsize(int fd, nuint request, ref WindowSize size);
}
