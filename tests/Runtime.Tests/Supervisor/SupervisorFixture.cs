using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Berth.Runtime.Supervisor;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Tests.Supervisor;

/// <summary>A supervisor on a thread of the test process, with a <see cref="PlainRuntime"/>.</summary>
internal sealed class SupervisorFixture : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("berth-sv-").FullName;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SupervisorFixture(string script)
    {
        var (ours, theirs) = Descriptors.SocketPair();
        Control = new SupervisorConnection(new Socket(new SafeSocketHandle(ours.DangerousGetHandle(), ownsHandle: true)));
        ours.SetHandleAsInvalid();
        new Thread(() => Run(theirs, script)).Start();
        Launch = new SupervisorLaunch
        {
            ContainerId = "c1",
            BundlePath = directory,
            SocketPath = Path.Combine(directory, "supervisor.sock"),
            ExitPath = Path.Combine(directory, "exit.json"),
            Log = new ContainerLogTarget { Path = Path.Combine(directory, "c1-json.log") },
            OpenStdin = true,
            Watch = true,
        };
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public SupervisorConnection Control { get; }

    public SupervisorLaunch Launch { get; set; }

    /// <summary>Completes when the supervisor's thread has ended.</summary>
    public Task Ended => ended.Task;

    public string[] LogLines => File.ReadAllLines(Launch.Log!.Path);

    public Task<SupervisorConnection> ConnectAsync() => SupervisorConnection.ConnectAsync(Launch.SocketPath, Ct);

    public async Task<Socket> AttachAsync(bool stdin = true)
    {
        var connection = await ConnectAsync();
        return (await connection.AttachAsync(new(stdin, true, true), Ct)).Stream;
    }

    /// <summary>The events up to the exit.</summary>
    public async Task<ContainerExit> ExitAsync(List<SupervisorEvent>? seen = null)
    {
        await foreach (var happened in Control.EventsAsync(Ct))
        {
            seen?.Add(happened);
            if (happened is SupervisorEvent.Exited exited)
            {
                return exited.Value;
            }
        }

        throw new InvalidOperationException("no exit");
    }

    /// <summary>Reads a framed stream to its end.</summary>
    public static async Task<(string Stdout, string Stderr)> ReadFramedAsync(Socket stream)
    {
        var bytes = await ReadAllAsync(stream);
        var texts = new Dictionary<byte, StringBuilder> { [1] = new(), [2] = new() };
        for (var at = 0; at < bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            texts[bytes[at]].Append(Encoding.UTF8.GetString(bytes, at + 8, length));
            at += 8 + length;
        }

        return (texts[1].ToString(), texts[2].ToString());
    }

    public static async Task<byte[]> ReadAllAsync(Socket stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int count; (count = await stream.ReceiveAsync(buffer, Ct)) > 0;)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        Control.Dispose();
        if (File.Exists(Launch.SocketPath))
        {
            await KillAsync();
        }

        await Ended.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        Directory.Delete(directory, recursive: true);
    }

    private async Task KillAsync()
    {
        try
        {
            using var connection = await ConnectAsync();
            await connection.SignalAsync(9, all: false, CancellationToken.None);
        }
        catch (Exception gone) when (gone is SocketException or SupervisorException or EndOfStreamException)
        {
            // It was just ending by itself.
        }
    }

    private void Run(Microsoft.Win32.SafeHandles.SafeFileHandle control, string script)
    {
        try
        {
            using var loop = new EventLoop();
            using var supervisor = new ContainerSupervisor(loop, control, _ => new PlainRuntime(script));
            supervisor.Run();
            ended.SetResult();
        }
        catch (Exception failed)
        {
            ended.SetException(failed);
        }
    }
}
