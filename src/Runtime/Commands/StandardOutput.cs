using System.Text;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Commands;

/// <summary>The standard streams by plain writes: System.Console costs more to start than a command takes.</summary>
internal static class StandardOutput
{
    public static void Write(string text) => Write(1, text);

    public static void WriteError(string text) => Write(2, text);

    private static void Write(int stream, string text)
    {
        using var handle = new SafeFileHandle(stream, ownsHandle: false);
        ByteStreams.Write(handle, Encoding.UTF8.GetBytes(text));
    }
}
