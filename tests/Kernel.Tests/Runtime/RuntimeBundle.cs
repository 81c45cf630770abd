using System.Text.Json;
using Berth.Kit;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>A bundle of a static busybox, and the published runtime to run it with; checks at the end that nothing is left.</summary>
internal sealed class RuntimeBundle : IDisposable
{
    private static int s_count;

    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _ids = [];

    public RuntimeBundle()
    {
        Assert.SkipUnless(Host.IsRoot, "needs root: it makes namespaces and cgroups");
        Assert.SkipWhen(Host.Programs is null, "needs the published programs: make publish");
        var busybox = Host.Find("busybox");
        Assert.SkipWhen(busybox is null, "needs Debian's busybox-static");
        Directory.CreateDirectory(Path["rootfs/bin"]);
        File.Copy(busybox!, Path["rootfs/bin/busybox"]);
        foreach (var applet in new[] { "sh", "ls", "ps", "cat", "id", "hostname", "true", "sleep", "echo", "mkdir", "touch", "stat", "grep", "head", "tty", "stty", "mknod", "readlink", "ln", "wc", "mount", "kill", "env", "test" })
        {
            File.CreateSymbolicLink(Path[$"rootfs/bin/{applet}"], "busybox");
        }
    }

    public TemporaryDirectory Path => _directory;

    public static string Runtime => Host.Program("berth-runtime");

    public string Root => Path["state"];

    /// <summary>What "spec" writes, without a terminal, with a writable root and Docker's seccomp-free privileges.</summary>
    public static OciSpec Spec(params string[] command)
    {
        using var directory = new TemporaryDirectory();
        new Command(Runtime, "spec", "--bundle", directory.Path).RunAsync().GetAwaiter().GetResult().Expect(0);
        var spec = JsonSerializer.Deserialize(File.ReadAllBytes(directory["config.json"]), RuntimeSpecJson.Default.OciSpec)!;
        return spec with { Process = spec.Process! with { Terminal = false, Args = command }, Root = new OciRoot { Path = "rootfs" } };
    }

    public static OciSpec Shell(string script) => Spec("sh", "-c", script);

    public string NewId()
    {
        var id = $"rt{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        _ids.Add(id);
        return id;
    }

    public void Write(OciSpec spec) => File.WriteAllBytes(Path["config.json"], JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeSpecJson.Default.OciSpec));

    public Task<CommandResult> RunAsync(OciSpec spec, params string[] options)
    {
        Write(spec);
        return CommandAsync(["run", "--bundle", Path.Path, .. options, NewId()]);
    }

    public Task<CommandResult> CommandAsync(params string[] arguments) => new Command(Runtime, ["--root", Root, .. arguments]).RunAsync();

    /// <summary>Creates and starts one that stays; its streams are not held open.</summary>
    public async Task<string> StartAsync(OciSpec spec)
    {
        Write(spec);
        var id = NewId();
        (await new Command("/bin/sh", "-c", $"exec {Runtime} --root {Root} create --bundle {Path.Path} {id} </dev/null >/dev/null 2>{Path["create.err"]}").RunAsync()).Expect(0);
        (await CommandAsync("start", id)).Expect(0);
        return id;
    }

    public async Task<string> StatusAsync(string id)
    {
        var result = await CommandAsync("state", id);
        return result.ExitCode == 0 ? JsonDocument.Parse(result.Output).RootElement.GetProperty("status").GetString()! : "";
    }

    public void Dispose()
    {
        foreach (var id in _ids)
        {
            new Command(Runtime, "--root", Root, "delete", "--force", id).RunAsync().GetAwaiter().GetResult();
        }

        var left = Leftover().ToList();
        _directory.Dispose();
        Assert.True(left.Count == 0, $"left behind: {string.Join(", ", left)}");
    }

    private IEnumerable<string> Leftover()
    {
        foreach (var line in File.ReadLines("/proc/self/mountinfo").Where(l => l.Contains(Path.Path, StringComparison.Ordinal)))
        {
            yield return line;
        }

        foreach (var hierarchy in Directory.EnumerateDirectories("/sys/fs/cgroup"))
        {
            foreach (var id in _ids.Where(id => Directory.Exists($"{hierarchy}/{id}")))
            {
                yield return $"{hierarchy}/{id}";
            }
        }

        if (Directory.Exists(Root))
        {
            foreach (var state in Directory.EnumerateDirectories(Root))
            {
                yield return state;
            }
        }
    }
}
