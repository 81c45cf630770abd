using System.Runtime.InteropServices;
using Berth.Client.Engine;

namespace Berth.Client.Streams;

/// <summary>Passes the signals we get on to the container's program, which then decides what becomes of us.</summary>
internal sealed class SignalProxy : IDisposable
{
    // SIGKILL and SIGSTOP cannot be caught; the stop signals of job control stay ours, so that ctrl-z suspends the client.
    private static readonly (int Number, string Name)[] Proxied =
    [
        (1, "HUP"), (2, "INT"), (3, "QUIT"), (10, "USR1"), (12, "USR2"), (14, "ALRM"), (15, "TERM"),
    ];

    private readonly PosixSignalRegistration[] _registrations;

    public SignalProxy(ClientWorld world, string containerId)
        => _registrations = [.. Proxied.Select(signal => PosixSignalRegistration.Create((PosixSignal)signal.Number, context =>
        {
            context.Cancel = true;
            Forward(world, containerId, signal.Name);
        }))];

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private static void Forward(ClientWorld world, string containerId, string signal)
    {
        try
        {
            world.Engine.Do("POST", $"/containers/{containerId}/kill?signal={signal}");
        }
        catch (Exception failed) when (failed is EngineReplyException or IOException or EngineUnreachableException)
        {
            // The container has ended in the meantime, and we are about to end with it.
        }
    }
}
