namespace Berth.Shared.Linux;

/// <summary>What a terminal's user side is asked and told; termios(3), ioctl_tty(2).</summary>
public static class Terminals
{
    public static bool IsTerminal(int fd) => Libc.tcgetattr(fd, out _) == 0;

    /// <exception cref="ErrnoException">ENOTTY: the descriptor is no terminal.</exception>
    public static Termios GetState(int fd)
    {
        Syscall.Check(Libc.tcgetattr(fd, out var state), "tcgetattr");
        return state;
    }

    /// <summary>Sets the state once what was written has been shown.</summary>
    /// <exception cref="ErrnoException">ENOTTY: the descriptor is no terminal. EIO: a background process may not change it.</exception>
    public static void SetState(int fd, in Termios state) => Syscall.Check(Libc.tcsetattr(fd, Libc.TCSADRAIN, in state), "tcsetattr");

    /// <summary>The state with every interpretation of input and output switched off: bytes pass as they are.</summary>
    public static Termios Raw(Termios state)
    {
        Libc.cfmakeraw(ref state);
        return state;
    }

    /// <returns><see langword="null"/> when the descriptor is no terminal.</returns>
    public static WindowSize? GetSize(int fd)
    {
        var size = default(WindowSize);
        return Libc.ioctl_winsize(fd, Libc.TIOCGWINSZ, ref size) == 0 ? size : null;
    }

    /// <exception cref="ErrnoException">ENOTTY: the descriptor is no terminal.</exception>
    public static void SetSize(int fd, WindowSize size) => Syscall.Check(Libc.ioctl_winsize(fd, Libc.TIOCSWINSZ, ref size), "ioctl TIOCSWINSZ");
}
