using Berth.Runtime.Launch;
using Berth.Runtime.State;
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
    private (OciHook[] Hooks, OciState State)? poststop;

    public ICgroup? Cgroup => container?.Cgroup;

    public SupervisedProcess Launch(SupervisorLaunch launch, Action<int> namespacesMade)
    {
        bundlePath = launch.BundlePath;
        var spec = SpecFile.Read(bundlePath);
        poststop = spec.Hooks?.Poststop is { Length: > 0 } hooks
            ? (hooks, new OciState { OciVersion = spec.OciVersion, Id = launch.ContainerId, Status = "stopped", Bundle = bundlePath, Annotations = spec.Annotations })
            : null;
        container = ContainerLauncher.Launch(new LaunchRequest
        {
            ContainerId = launch.ContainerId,
            Spec = spec,
            BundlePath = launch.BundlePath,
            Rootfs = launch.Rootfs,
            NamespacesMade = launch.WaitsForNetwork ? namespacesMade : null,
            Stdio = LaunchStdio.Pipes(launch.OpenStdin),
            Init = launch.Init,
        });
        return Supervised(container);
    }

    public SupervisedProcess Exec(ExecRequest request)
        => Supervised(ContainerLauncher.Exec(new ExecLaunch
        {
            // Read once more, and not kept: the seccomp profile alone is larger than everything else that a supervisor remembers.
            Spec = SpecFile.Read(bundlePath),
            ContainerPid = container!.Pid,
            ContainerPidFd = container.PidFd,
            Cgroup = container.Cgroup,
            Process = request.Process,
            Stdio = new LaunchStdio(Source(request.AttachStdin), Source(request.AttachStdout), Source(request.AttachStderr)),
        }));

    public IReadOnlyList<string> Remove()
    {
        var failures = new List<string>();
        try
        {
            container!.Cgroup?.Destroy(cgroupRemovalLimit);
        }
        catch (Exception failed) when (failed is TimeoutException or IOException)
        {
            failures.Add($"removing the cgroup: {failed.Message}");
        }

        if (poststop is { } due)
        {
            failures.AddRange(Hooks.RunAll(due.Hooks, due.State));
        }

        return failures;
    }

    public void Dispose() => container?.Dispose();

    private static StreamSource Source(bool attached) => attached ? StreamSource.Pipe : StreamSource.Null;

    private static SupervisedProcess Supervised(LaunchedProcess process)
        => new(process.Pid, process.PidFd, new ProcessStdio(process.Stdin, process.Stdout, process.Stderr, process.TerminalMaster), process.Warnings);
}
