using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>The child's side of a <see cref="StartGate"/>.</summary>
internal sealed class GateListener : IDisposable
{
    private readonly SafeFileHandle _socket;

    private GateListener(SafeFileHandle socket) => _socket = socket;

    public static GateListener Listen(StartGate gate) => new(UnixSockets.Listen(gate.SocketPath));

    /// <summary>Tells that all is ready, waits for one connection, and from then on reports there.</summary>
    public void AddTo(StepList steps, ReportPipe report)
    {
        steps.Ready();
        var connection = steps.Call("wait for the start", null, SyscallNumber.Accept4, _socket, 0, 0, OpenFlags.CloseOnExec);
        steps.Call("wait for the start", null, SyscallNumber.Dup3, connection, report.Write, OpenFlags.CloseOnExec);
        steps.Call("close", null, SyscallNumber.Close, connection);
        steps.Call("close", null, SyscallNumber.Close, _socket);
    }

    public void Dispose() => _socket.Dispose();
}
