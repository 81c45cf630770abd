using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Berth.Kit;

/// <summary>What the machine under the tests has; a test that needs more is skipped with the reason.</summary>
public static class Host
{
    public static bool IsRoot => Environment.UserName == "root";

    /// <summary>The unified hierarchy is all there is.</summary>
    public static bool HasCgroup2 => File.Exists("/sys/fs/cgroup/cgroup.controllers");

    /// <summary>The repository, from which scripts are run. Before <see cref="Programs"/>, which is found by it.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder with berthd, berth and berth-runtime, or null when they have not been published.</summary>
    public static string? Programs { get; } = FindPrograms();

    public static string Program(string name) => Path.Combine(
        Programs ?? throw new InvalidOperationException("publish first: make publish"), name);

    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>A TCP port of loopback that nobody has at this moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <returns>Whether nobody listens on that TCP port of any address.</returns>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It did not in time; the message names it.</exception>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > (within ?? TimeSpan.FromSeconds(20)))
            {
                throw new TimeoutException($"not in time: {what}");
            }

            await Task.Delay(20);
        }
    }

    /// <inheritdoc cref="EventuallyAsync(Func{Task{bool}},string,TimeSpan?)"/>
    public static Task EventuallyAsync(Func<bool> condition, string what, TimeSpan? within = null)
        => EventuallyAsync(() => Task.FromResult(condition()), what, within);

    private static string FindRepository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Engine.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("the tests run from within the repository");
    }

    private static string? FindPrograms()
    {
        var folder = Environment.GetEnvironmentVariable("BERTH_BIN_DIR") ?? Path.Combine(Repository, "out", "bin");
        return File.Exists(Path.Combine(folder, "berth-runtime")) ? folder : null;
    }
}
