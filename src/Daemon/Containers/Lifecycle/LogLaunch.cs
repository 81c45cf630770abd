using System.Net;
using System.Net.Sockets;
using Berth.Daemon.Containers.Logs;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>What a run's supervisor is told of the container's log: names are looked up and tags filled in now, since both may have changed since the container was made.</summary>
internal static class LogLaunch
{
    private const string JournalSocket = "/run/systemd/journal/socket";

    private static readonly string[] syslogSockets = ["/dev/log", "/var/run/syslog", "/var/run/log"];

    /// <returns>Null: no files are kept.</returns>
    public static ContainerLogTarget? Files(ContainerRecord container, string path)
    {
        var plan = container.Plan.Log;
        return !plan.IsReadable ? null : new ContainerLogTarget
        {
            Path = path,
            MaxSizeBytes = plan.MaxSizeBytes,
            MaxFiles = plan.MaxFiles,
            Compress = plan.Compress,
            Attributes = FileAttributes(container),
        };
    }

    /// <returns>Null: the lines go nowhere else.</returns>
    /// <exception cref="EngineException">Internal: the receiver's name can't be resolved, or there is no syslog.</exception>
    public static async Task<LogReceiver?> ReceiverAsync(ContainerRecord container, CancellationToken ct)
    {
        var plan = container.Plan.Log;
        if (!LogDriver.Forwards(plan.Driver))
        {
            return null;
        }

        var tag = Tag(container, LogTag.Default);
        var receiver = new LogReceiver
        {
            Kind = LogReceiverKind.Journald,
            Transport = LogTransport.UnixDatagram,
            Path = JournalSocket,
            Name = LogDriver.Journald,
            NonBlocking = plan.NonBlocking,
            BufferBytes = plan.BufferBytes,
            Tag = tag,
        };
        return plan.Syslog is { } syslog
            ? await SyslogAsync(receiver with { Kind = LogReceiverKind.Syslog, Facility = syslog.Facility, SyslogFormat = syslog.Format, Hostname = Environment.MachineName }, syslog, ct)
            : receiver with { Fields = JournalFields(container, tag) };
    }

    private static EngineException Failed(string why) => new(ErrorKind.Internal, $"failed to create task for container: failed to initialize logging driver: {why}");

    private static async Task<LogReceiver> SyslogAsync(LogReceiver receiver, SyslogPlan syslog, CancellationToken ct)
    {
        if (syslog.Host is null)
        {
            var path = syslog.Path ?? syslogSockets.FirstOrDefault(File.Exists) ?? throw Failed("Unix syslog delivery error: this host has no syslog socket");
            return receiver with { Transport = syslog.Transport, Path = path, Name = $"{(syslog.Transport == LogTransport.UnixStream ? "unix" : "unixgram")}://{path}" };
        }

        var scheme = syslog.Transport == LogTransport.Tcp ? "tcp" : "udp";
        try
        {
            var addresses = IPAddress.TryParse(syslog.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(syslog.Host, ct);
            return receiver with
            {
                Transport = syslog.Transport,
                Addresses = [.. addresses.Select(address => address.GetAddressBytes())],
                Port = syslog.Port,
                Name = syslog.Host.Contains(':', StringComparison.Ordinal) ? $"{scheme}://[{syslog.Host}]:{syslog.Port}" : $"{scheme}://{syslog.Host}:{syslog.Port}",
            };
        }
        catch (SocketException unknown)
        {
            throw Failed($"dial {scheme}: lookup {syslog.Host}: {unknown.Message}");
        }
    }

    private static Dictionary<string, string>? FileAttributes(ContainerRecord container)
    {
        var plan = container.Plan.Log;
        return plan.Tag is null || LogDriver.Forwards(plan.Driver)
            ? plan.Attributes
            : new Dictionary<string, string>(plan.Attributes ?? []) { ["tag"] = Tag(container, plan.Tag) };
    }

    private static Dictionary<string, string> JournalFields(ContainerRecord container, string tag)
    {
        var fields = new Dictionary<string, string>
        {
            ["CONTAINER_ID"] = container.Id[..12],
            ["CONTAINER_ID_FULL"] = container.Id,
            ["CONTAINER_NAME"] = container.Name,
            ["CONTAINER_TAG"] = tag,
            ["IMAGE_NAME"] = container.ImageName,
            ["SYSLOG_IDENTIFIER"] = tag,
            ["CONTAINER_LOG_EPOCH"] = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()),
        };
        foreach (var (name, value) in container.Plan.Log.Attributes ?? [])
        {
            // A label must not pass itself off as the container's name.
            if (JournalName(name) is { Length: > 0 } field)
            {
                fields.TryAdd(field, value);
            }
        }

        return fields;
    }

    /// <summary>journald takes capitals, digits and underscores, and keeps names that begin with one for itself.</summary>
    private static string JournalName(string name)
        => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : '_')).TrimStart('_');

    private static string Tag(ContainerRecord container, string otherwise) => LogTag.Parse(container.Plan.Log.Tag ?? otherwise).Render(new LogTagValues(
        container.Id,
        container.Name,
        container.ImageId,
        container.ImageName,
        string.Join(' ', container.Plan.Process.Arguments),
        Environment.MachineName,
        container.Plan.Log.Attributes));
}
