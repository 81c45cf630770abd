using System.Globalization;
using System.Text.Json;
using Berth.Runtime.Launch;
using Berth.Runtime.Rootfs;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor.Foreign;

/// <summary>
/// Containers by another OCI runtime's command line, as other engines drive them: create, start, exec --detach, delete. What it makes becomes a child of this
/// process, which adopts orphans. The root filesystem is mounted in a mount namespace of the supervisor's own, so that the host's table stays empty.
/// </summary>
/// <remarks>Unlike our own launcher's, such a container is not killed by the kernel with its supervisor; the daemon that sees the supervisor go empties the cgroup.</remarks>
internal sealed class ForeignRuntime(string path, IReadOnlyList<string> arguments) : IContainerRuntime
{
    private const uint NewMountNamespace = 0x20000;
    private static readonly TimeSpan cgroupRemovalLimit = TimeSpan.FromSeconds(5);

    private ForeignProgram? program;
    private string id = "";

    public ICgroup? Cgroup { get; private set; }

    public SupervisedProcess Launch(SupervisorLaunch launch, Action<int> namespacesMade)
    {
        if (launch.WaitsForNetwork)
        {
            throw new LaunchException("launch", Errno.EOPNOTSUPP, $"{path} can't be made to wait for its network");
        }

        id = launch.ContainerId;
        var stateRoot = Path.Combine(Path.GetDirectoryName(launch.SocketPath)!, "runtime");
        program = new ForeignProgram(path, arguments, stateRoot);
        ProcessSettings.AdoptOrphans();
        var spec = SpecFile.Read(launch.BundlePath);
        var cgroupPath = spec.Linux?.CgroupsPath;
        Cgroup = string.IsNullOrEmpty(cgroupPath) ? null : CgroupHost.Detect().Open(cgroupPath);
        if (launch.Rootfs is not null)
        {
            MountRoot(launch.Rootfs, Path.GetFullPath(spec.Root?.Path ?? "rootfs", launch.BundlePath));
        }

        using var work = new TemporaryFolder();
        using var stdio = spec.Process is { Terminal: true } ? ForeignStdio.Terminal(work) : ForeignStdio.Pipes(launch.OpenStdin, stdout: true, stderr: true);
        var pidFile = work["pid"];
        try
        {
            program.Run("create", work, ["create", "--bundle", launch.BundlePath, "--pid-file", pidFile, .. stdio.Option, id], stdio.Stdin, stdio.Stdout, stdio.Stderr);
            var process = Adopt(pidFile, stdio);
            program.Run("start", work, ["start", id]);
            return process;
        }
        catch
        {
            Delete(work);
            throw;
        }
    }

    public SupervisedProcess Exec(ExecRequest request)
    {
        using var work = new TemporaryFolder();
        using var stdio = request.Process.Terminal ? ForeignStdio.Terminal(work) : ForeignStdio.Pipes(request.AttachStdin, request.AttachStdout, request.AttachStderr);
        var pidFile = work["pid"];
        var processFile = work["process.json"];
        File.WriteAllBytes(processFile, JsonSerializer.SerializeToUtf8Bytes(request.Process, RuntimeSpecJson.Default.OciProcess));
        program!.Run("exec", work, ["exec", "--detach", "--process", processFile, "--pid-file", pidFile, .. stdio.Option, id], stdio.Stdin, stdio.Stdout, stdio.Stderr);
        return Adopt(pidFile, stdio);
    }

    public IReadOnlyList<string> Remove()
    {
        using var work = new TemporaryFolder();
        var failures = new List<string>();
        if (Delete(work) is { } failed)
        {
            failures.Add(failed);
        }

        try
        {
            Cgroup?.Destroy(cgroupRemovalLimit); // most runtimes have done so
        }
        catch (Exception refused) when (refused is TimeoutException or IOException)
        {
            failures.Add($"removing the cgroup: {refused.Message}");
        }

        return failures;
    }

    public void Dispose()
    {
    }

    private static SupervisedProcess Adopt(string pidFile, ForeignStdio stdio)
    {
        var pid = int.Parse(File.ReadAllText(pidFile).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        return new SupervisedProcess(pid, Processes.OpenPid(pid), stdio.Take(), []);
    }

    /// <returns>What went wrong; null: nothing.</returns>
    private string? Delete(TemporaryFolder work)
    {
        try
        {
            program!.Run("delete", work, ["delete", "--force", id]);
            return null;
        }
        catch (LaunchException failed)
        {
            return failed.Message;
        }
    }

    private static void MountRoot(OverlayRootfs rootfs, string target)
    {
        Namespaces.Unshare(NewMountNamespace);

        // Still sees what the host mounts later (binds of a container that is made then), and shows the host nothing.
        Mounts.ChangePropagation("/", MountPropagation.Slave, below: true);
        Directory.CreateDirectory(target);
        using var mount = OverlayMount.Create(rootfs, uids: null, gids: null);
        MountAttachment.Attach(mount, target);
    }
}
