using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Berth.Daemon.Hosting;

/// <summary>The two small protocols between systemd and a service: sockets passed in, state told back; sd_listen_fds(3), sd_notify(3).</summary>
internal static class Systemd
{
    private const int FirstDescriptor = 3;

    /// <summary>The sockets that systemd opened for this process, with their names; each is taken once.</summary>
    public static IReadOnlyList<(int Descriptor, string Name)> TakeDescriptors()
    {
        var pid = Environment.GetEnvironmentVariable("LISTEN_PID");
        var count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        var names = Environment.GetEnvironmentVariable("LISTEN_FDNAMES")?.Split(':') ?? [];
        foreach (var variable in (string[])["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
        {
            // Not for the processes that we start.
            Environment.SetEnvironmentVariable(variable, null);
        }

        if (pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var total))
        {
            return [];
        }

        return [.. Enumerable.Range(0, total).Select(i => (FirstDescriptor + i, i < names.Length ? names[i] : "unknown"))];
    }

    /// <summary>A reload begins, until READY=1 (Type=notify-reload): sd_notify(3) wants the monotonic time of it too.</summary>
    public static void NotifyReloading()
        => Notify(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}"));

    /// <summary>Tells the service manager, if there is one; a datagram, so this never waits.</summary>
    /// <param name="state">Assignments one per line, such as READY=1.</param>
    public static void Notify(string state)
    {
        var path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        if (string.IsNullOrEmpty(path) || path[0] is not ('/' or '@'))
        {
            return;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        socket.Send(System.Text.Encoding.UTF8.GetBytes(state));
    }
}
