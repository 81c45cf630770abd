using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Cgroups;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

/// <summary>Berth's own launcher, in this process.</summary>
internal sealed class OwnRuntime : IContainerRuntime
{
    private static readonly TimeSpan cgroupRemovalLimit = TimeSpan.FromSeconds(5);

    private string bundlePath = "";
    private LaunchedContainer? container;

    public ICgroup? Cgroup => container?.Cgroup;

    public SupervisedProcess Launch(SupervisorLaunch launch)
    {
        bundlePath = launch.BundlePath;
        container = ContainerLauncher.Launch(new LaunchRequest
        {
            ContainerId = launch.ContainerId,
            Spec = ReadSpec(),
            BundlePath = launch.BundlePath,
            Rootfs = launch.Rootfs,
            Stdio = LaunchStdio.Pipes(launch.OpenStdin),
        });
        return Supervised(container);
    }

    public SupervisedProcess Exec(ExecRequest request)
        => Supervised(ContainerLauncher.Exec(new ExecLaunch
        {
            // Read once more, and not kept: the seccomp profile alone is larger than everything else that a supervisor remembers.
            Spec = ReadSpec(),
            ContainerPid = container!.Pid,
            ContainerPidFd = container.PidFd,
            Cgroup = container.Cgroup,
            Process = request.Process,
            Stdio = new LaunchStdio(Source(request.AttachStdin), Source(request.AttachStdout), Source(request.AttachStderr)),
        }));

    public IReadOnlyList<string> Remove()
    {
        try
        {
            container!.Cgroup?.Destroy(cgroupRemovalLimit);
            return [];
        }
        catch (Exception failed) when (failed is TimeoutException or IOException)
        {
            return [$"removing the cgroup: {failed.Message}"];
        }
    }

    public void Dispose() => container?.Dispose();

    private static StreamSource Source(bool attached) => attached ? StreamSource.Pipe : StreamSource.Null;

    private static SupervisedProcess Supervised(LaunchedProcess process)
        => new(process.Pid, process.PidFd, new ProcessStdio(process.Stdin, process.Stdout, process.Stderr, process.TerminalMaster), process.Warnings);

    private OciSpec ReadSpec()
    {
        var path = Path.Combine(bundlePath, "config.json");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RuntimeSpecJson.Default.OciSpec) ?? throw new JsonException("it is null");
        }
        catch (JsonException malformed)
        {
            throw new LaunchException("read config.json", default, $"{path} is no runtime configuration: {malformed.Message}", inner: malformed);
        }
    }
}
