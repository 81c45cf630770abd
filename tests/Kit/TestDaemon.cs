using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Berth.Kit;

/// <summary>
/// A real daemon with directories, socket, bridge and address range of its own. Disposing removes its containers, ends it and
/// fails if anything is left on the machine.
/// </summary>
public sealed class TestDaemon : IAsyncDisposable
{
    private static int instances;

    private readonly TemporaryDirectory directory = new();
    private readonly StringBuilder log = new();
    private readonly string[] options;
    private readonly int number = Interlocked.Increment(ref instances);
    private Process? process;

    private TestDaemon(string[] options)
    {
        this.options = options;
        Socket = directory["berth.sock"];
        Http = Connect(Socket);
    }

    /// <summary>The socket's path.</summary>
    public string Socket { get; }

    /// <summary>A client whose requests go to the socket, whatever their host is.</summary>
    public HttpClient Http { get; }

    public string DataRoot => directory["data"];

    public string ExecRoot => directory["run"];

    /// <summary>Short enough for an interface name, and different in every process that tests.</summary>
    public string Bridge => $"bt{Environment.ProcessId % 100000}x{number}";

    public string Subnet => $"10.{200 + (Environment.ProcessId % 50)}.{number % 250}";

    public int Pid => process?.Id ?? throw new InvalidOperationException("the daemon is not running");

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    /// <summary>Starts a daemon that has the busybox image.</summary>
    public static async Task<TestDaemon> StartAsync(params string[] options)
    {
        var daemon = await StartEmptyAsync(options);
        try
        {
            await daemon.LoadAsync(await TestImages.BusyboxArchiveAsync());
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync(); // or it would outlive the tests that could not begin
            throw;
        }
    }

    /// <summary>Starts a daemon without images.</summary>
    public static async Task<TestDaemon> StartEmptyAsync(params string[] options)
    {
        var daemon = new TestDaemon(options);
        await daemon.LaunchAsync();
        return daemon;
    }

    /// <summary>The same directories and socket again, after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task LaunchAsync()
    {
        string[] arguments =
        [
            "-H", $"unix://{Socket}", "--data-root", DataRoot, "--exec-root", ExecRoot, "--pidfile", directory["berthd.pid"],
            "--bridge", Bridge, "--bip", $"{Subnet}.1/24", "--cgroup-parent", $"/{Bridge}", .. options,
        ];
        process = new Command(Host.Program("berthd"), arguments).Start();
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Host.EventuallyAsync(
            async () =>
            {
                if (process.HasExited)
                {
                    throw new InvalidOperationException($"berthd ended with {process.ExitCode}\n{Log}");
                }

                try
                {
                    return (await Http.GetAsync(new Uri("http://berth/_ping"))).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the daemon answers");
    }

    /// <summary>SIGKILL, as a crash does it.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>SIGTERM, and the exit status.</summary>
    public async Task<int> StopAsync()
    {
        (await new Command("kill", "-TERM", $"{Pid}").RunAsync()).Expect(0);
        await process!.WaitForExitAsync();
        var status = process.ExitCode;
        process.Dispose();
        process = null;
        return status;
    }

    /// <summary>The unmodified docker CLI on this daemon's socket.</summary>
    public Command Docker(params string[] arguments)
        => new Command("docker", arguments).With("DOCKER_HOST", $"unix://{Socket}").With("DOCKER_CONFIG", directory["docker"]);

    /// <summary>Berth's own CLI on this daemon's socket.</summary>
    public Command Berth(params string[] arguments)
        => new Command(Host.Program("berth"), arguments).With("BERTH_HOST", $"unix://{Socket}");

    public async Task<JsonElement> GetAsync(string path)
    {
        using var reply = await Http.GetAsync(new Uri("http://berth" + path));
        var text = await reply.Content.ReadAsStringAsync();
        return reply.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new InvalidOperationException($"GET {path}: {(int)reply.StatusCode} {text}");
    }

    /// <summary>Posts JSON; any status is the caller's to judge.</summary>
    public async Task<(int Status, string Text)> PostAsync(string path, string? json = null)
    {
        using var content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var reply = await Http.PostAsync(new Uri("http://berth" + path), content);
        return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    public async Task LoadAsync(string archive)
    {
        await using var file = File.OpenRead(archive);
        using var content = new StreamContent(file);
        content.Headers.ContentType = new("application/x-tar");
        using var reply = await Http.PostAsync(new Uri("http://berth/images/load?quiet=1"), content);
        var text = await reply.Content.ReadAsStringAsync();
        if (!reply.IsSuccessStatusCode || text.Contains("\"error\"", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"load: {(int)reply.StatusCode} {text}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (process is null)
            {
                await LaunchAsync(); // What a killed daemon left is for the next one to clear away.
            }

            var containers = await GetAsync("/containers/json?all=1");
            foreach (var container in containers.EnumerateArray())
            {
                var id = container.GetProperty("Id").GetString();
                using var reply = await Http.DeleteAsync(new Uri($"http://berth/containers/{id}?force=1&v=1"));
                if ((int)reply.StatusCode is not (204 or 404 or 409))
                {
                    throw new InvalidOperationException($"removing {id}: {await reply.Content.ReadAsStringAsync()}\n{Log}");
                }
            }

            await Host.EventuallyAsync(async () => (await GetAsync("/containers/json?all=1")).GetArrayLength() == 0, "all containers are removed");
            var status = await StopAsync();
            if (status != 0)
            {
                throw new InvalidOperationException($"berthd ended with {status}\n{Log}");
            }

            await Leftovers.CheckAsync(directory.Path, Bridge, () => Log);
        }
        finally
        {
            if (process is not null)
            {
                process.Kill();
                await process.WaitForExitAsync();
                process.Dispose();
            }

            Http.Dispose();
            directory.Dispose();
        }
    }

    private static HttpClient Connect(string socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, ct) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), ct);
                return new NetworkStream(connection, ownsSocket: true);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (log)
            {
                log.AppendLine(line);
            }
        }
    }
}
