using System.Runtime.InteropServices;

namespace Berth.Daemon.Hosting;

/// <summary>SIGTERM and SIGINT stop the daemon in order; SIGHUP reads the configuration file again.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration[] registrations;

    public StopSignals(IHostApplicationLifetime lifetime, Action reload)
    {
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            lifetime.StopApplication();
        }

        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                signal.Cancel = true; // not the end, though a closing terminal sends it too
                reload();
            }),
        ];
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }
    }
}
