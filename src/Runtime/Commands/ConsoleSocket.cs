using System.Text;
using Berth.Runtime.Launch;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Runtime.Commands;

/// <summary>--console-socket: the terminal's master goes to whoever listens there, the way other OCI runtimes do it.</summary>
internal static class ConsoleSocket
{
    /// <exception cref="EngineException">InvalidArgument: a terminal without a socket, or the other way round.</exception>
    public static void Check(string? path, bool terminal, bool detached)
    {
        if (path is null && terminal && detached)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "a terminal was asked for, so --console-socket must say who gets it");
        }

        if (path is not null && !terminal)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "--console-socket is given, but the process asks for no terminal");
        }
    }

    public static void Send(string? path, LaunchedProcess process)
    {
        if (path is null || process.TerminalMaster is null)
        {
            return;
        }

        using var socket = UnixSockets.Connect(path);
        UnixSockets.SendDescriptor(socket, process.TerminalMaster, Encoding.ASCII.GetBytes("/dev/ptmx"));
    }
}
