using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Kit;

/// <summary>A program in a real pseudo-terminal, with a person's keyboard and a screen that is kept.</summary>
public sealed partial class PseudoTerminal : IAsyncDisposable
{
    private const int OpenReadWrite = 2, NoControllingTerminal = 0x100, CloseOnExec = 0x80000;
    private const ulong UnlockSlave = 0x40045431, SlaveNumber = 0x80045430, SetWindowSize = 0x5414;

    private readonly StringBuilder screen = new();
    private readonly FileStream master;
    private readonly SafeFileHandle handle;
    private readonly Process process;
    private readonly Task reading;

    private PseudoTerminal(SafeFileHandle handle, Process process)
    {
        this.handle = handle;
        this.process = process;
        master = new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0);
        reading = Task.Run(Read);
    }

    public string Screen
    {
        get
        {
            lock (screen)
            {
                return screen.ToString();
            }
        }
    }

    /// <summary>Starts a program with the terminal as its standard streams and controlling terminal.</summary>
    public static PseudoTerminal Start(int rows, int columns, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        var descriptor = open("/dev/ptmx", OpenReadWrite | NoControllingTerminal | CloseOnExec);
        if (descriptor < 0)
        {
            throw new InvalidOperationException($"no pseudo-terminal: errno {Marshal.GetLastPInvokeError()}");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        int unlock = 0, number = 0;
        unsafe
        {
            if (ioctl(descriptor, UnlockSlave, &unlock) < 0 || ioctl(descriptor, SlaveNumber, &number) < 0)
            {
                throw new InvalidOperationException($"the pseudo-terminal can't be used: errno {Marshal.GetLastPInvokeError()}");
            }
        }

        SetSize(descriptor, rows, columns);
        string[] arguments = ["-c", $"exec setsid -c \"$@\" <>/dev/pts/{number} >&0 2>&1", "sh", .. command];
        var start = new ProcessStartInfo("/bin/sh", arguments);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new PseudoTerminal(handle, Process.Start(start)!);
    }

    public void Resize(int rows, int columns) => SetSize((int)handle.DangerousGetHandle(), rows, columns);

    public void Type(string keys) => master.Write(Encoding.UTF8.GetBytes(keys));

    /// <summary>Waits until the screen shows a text.</summary>
    public Task SeeAsync(string text) => Host.EventuallyAsync(
        () => Screen.Contains(text, StringComparison.Ordinal) || (process.HasExited && !Screen.Contains(text, StringComparison.Ordinal) && Fail(text)), $"the terminal shows \"{text}\"; it shows: {Screen}");

    public async Task<int> ExitAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await process.WaitForExitAsync(late.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
        await reading;
        await master.DisposeAsync();
        handle.Dispose();
    }

    private static void SetSize(int descriptor, int rows, int columns)
    {
        var size = ((ulong)(ushort)columns << 16) | (ushort)rows;
        unsafe
        {
            if (ioctl(descriptor, SetWindowSize, &size) < 0)
            {
                throw new InvalidOperationException($"the size can't be set: errno {Marshal.GetLastPInvokeError()}");
            }
        }
    }

    private bool Fail(string text) => throw new InvalidOperationException($"the program ended without showing \"{text}\"; the terminal shows: {Screen}");

    private void Read()
    {
        var buffer = new byte[4096];
        try
        {
            while (master.Read(buffer) is var length and > 0)
            {
                lock (screen)
                {
                    screen.Append(Encoding.UTF8.GetString(buffer, 0, length));
                }
            }
        }
        catch (IOException)
        {
            // EIO: the last process has closed the terminal.
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int descriptor, ulong request, void* argument);
}
