using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Berth.Kit;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Kernel.Tests.Supervisor;

/// <summary>One container under the published berth-runtime, driven as the daemon does; busybox over an empty writable layer.</summary>
internal sealed class SupervisedContainer : IAsyncDisposable
{
    private static readonly Lazy<SupervisorProgram> program = new(() => SupervisorProgram.Load(Host.Program("berth-runtime")));
    private readonly TemporaryDirectory directory = new();
    private readonly string id = $"sv{Guid.NewGuid():N}"[..14];

    public SupervisedContainer(params string[] args)
    {
        Assert.SkipUnless(Host.IsRoot, "needs root: makes namespaces and cgroups");
        Assert.SkipUnless(Host.Programs is not null, "needs the published programs: make publish");
        Assert.SkipUnless(Host.Find("busybox") is not null, "needs busybox-static");
        MakeLayer();
        Spec = NewSpec(args);
        Launch = new SupervisorLaunch
        {
            ContainerId = id,
            BundlePath = directory.Path,
            SocketPath = directory["supervisor.sock"],
            ExitPath = directory["exit.json"],
            Rootfs = new OverlayRootfs { LowerDirectories = [directory["layer"]], UpperDirectory = directory["diff"], WorkDirectory = directory["work"] },
            Log = new ContainerLogTarget { Path = directory["c-json.log"] },
            Watch = true,
        };
        (Process, Control) = program.Value.Start();
        Ended = Process.WaitAsync();
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public SpawnedProcess Process { get; }

    public SupervisorConnection Control { get; }

    /// <summary>The supervisor's own end.</summary>
    public Task<ProcessExit> Ended { get; }

    public OciSpec Spec { get; set; }

    public SupervisorLaunch Launch { get; set; }

    public SupervisorLaunched? Launched { get; private set; }

    public ICgroup Cgroup => CgroupHost.Detect().Open(Spec.Linux!.CgroupsPath!);

    public string LoggedText => string.Concat(LoggedLines());

    public string this[string name] => directory[name];

    public async Task<SupervisorLaunched> LaunchAsync()
    {
        File.WriteAllBytes(directory["config.json"], JsonSerializer.SerializeToUtf8Bytes(Spec, RuntimeSpecJson.Default.OciSpec));
        return Launched = await Control.LaunchAsync(Launch, Ct);
    }

    public Task<SupervisorConnection> ConnectAsync() => SupervisorConnection.ConnectAsync(Launch.SocketPath, Ct);

    public async Task<Socket> AttachAsync(bool stdin = true)
    {
        var connection = await ConnectAsync();
        return (await connection.AttachAsync(new(stdin, true, true), Ct)).Stream;
    }

    public async Task<(ExecStarted Started, Socket? Stream)> ExecAsync(string execId, OciProcess process, bool attach = true)
    {
        var connection = await ConnectAsync();
        return await connection.ExecAsync(new ExecRequest { ExecId = execId, Process = process, AttachStdin = attach, AttachStdout = attach, AttachStderr = attach }, Ct);
    }

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

    public static OciProcess Shell(string script, bool terminal = false) => new()
    {
        Args = ["sh", "-c", script],
        Env = ["PATH=/bin", "TERM=xterm"],
        Terminal = terminal,
        NoNewPrivileges = true,
    };

    public static async Task<string> ReadAsync(Socket stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int count; (count = await stream.ReceiveAsync(buffer, Ct)) > 0;)
        {
            all.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    /// <summary>Reads a raw stream until it holds the text.</summary>
    public static async Task<string> ReadUntilAsync(Socket stream, string text)
    {
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await stream.ReceiveAsync(buffer, Ct);
            Assert.True(count > 0, $"the stream ended after: {seen}");
            seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return seen.ToString();
    }

    public static async Task<(string Stdout, string Stderr)> ReadFramedAsync(Socket stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int count; (count = await stream.ReceiveAsync(buffer, Ct)) > 0;)
        {
            all.Write(buffer, 0, count);
        }

        var bytes = all.ToArray();
        var texts = new[] { new StringBuilder(), new StringBuilder() };
        for (var at = 0; at < bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            texts[bytes[at] - 1].Append(Encoding.UTF8.GetString(bytes, at + 8, length));
            at += 8 + length;
        }

        return (texts[0].ToString(), texts[1].ToString());
    }

    public IEnumerable<string> LoggedLines(string suffix = "")
        => File.ReadLines(Launch.Log!.Path + suffix).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("log").GetString()!);

    public Task UntilLoggedAsync(string text)
        => Host.EventuallyAsync(() => File.Exists(Launch.Log!.Path) && File.ReadAllText(Launch.Log.Path).Contains(text, StringComparison.Ordinal), $"\"{text}\" is logged");

    public async ValueTask DisposeAsync()
    {
        Control.Dispose();
        if (!Ended.IsCompleted && Launched is not null)
        {
            Processes.TrySignal(Launched.Pid, 9);
        }

        await Ended.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        Process.Dispose();
        Assert.DoesNotContain(directory.Path, await File.ReadAllTextAsync("/proc/self/mountinfo", CancellationToken.None), StringComparison.Ordinal);
        Cgroup.Kill();
        Cgroup.Destroy(TimeSpan.FromSeconds(10));
        directory.Dispose();
    }

    private void MakeLayer()
    {
        foreach (var name in (string[])["layer/bin", "layer/proc", "layer/dev", "layer/tmp", "layer/sys", "layer/etc", "diff", "work"])
        {
            Directory.CreateDirectory(directory[name]);
        }

        File.Copy(Host.Find("busybox")!, directory["layer/bin/busybox"]);
        foreach (var applet in (string[])["sh", "cat", "echo", "sleep", "ps", "stty", "head", "yes", "true", "hostname", "id", "ls", "seq", "tail", "cksum", "dd", "kill", "printf", "tr", "grep"])
        {
            File.CreateSymbolicLink(directory[$"layer/bin/{applet}"], "busybox");
        }
    }

    private OciSpec NewSpec(string[] args) => new()
    {
        OciVersion = "1.0.2",
        Process = new OciProcess { Args = args, Env = ["PATH=/bin", "TERM=xterm"], NoNewPrivileges = true },
        Root = new OciRoot(),
        Hostname = "supervised",
        Mounts =
        [
            new OciMount { Destination = "/proc", Type = "proc", Source = "proc" },
            new OciMount { Destination = "/dev", Type = "tmpfs", Source = "tmpfs", Options = ["nosuid", "mode=755"] },
            new OciMount { Destination = "/dev/pts", Type = "devpts", Source = "devpts", Options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
        ],
        Linux = new OciLinux
        {
            CgroupsPath = $"/berth-test-{id}",
            Namespaces = [new("pid"), new("ipc"), new("uts"), new("mount"), new("network")],
            Resources = new OciResources { Memory = new OciMemory { Limit = 64 << 20, Swap = 64 << 20 } },
        },
    };
}
