using Berth.Runtime.Supervisor;
using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Tests.Supervisor;

/// <summary>"Containers" that are plain processes of a shell script, so that the supervisor is tested without root.</summary>
internal sealed class PlainRuntime(string script) : IContainerRuntime
{
    public ICgroup? Cgroup => null;

    public SupervisedProcess Launch(SupervisorLaunch launch, Action<int> namespacesMade) => Start(["sh", "-c", script], launch.OpenStdin, stdout: true, stderr: true);

    public SupervisedProcess Exec(ExecRequest request) => Start(request.Process.Args!, request.AttachStdin, request.AttachStdout, request.AttachStderr);

    public IReadOnlyList<string> Remove() => [];

    public void Dispose()
    {
    }

    private static SupervisedProcess Start(string[] args, bool stdin, bool stdout, bool stderr)
    {
        var (inTheirs, inOurs) = Pipe(stdin, reads: true);
        var (outTheirs, outOurs) = Pipe(stdout, reads: false);
        var (errTheirs, errOurs) = Pipe(stderr, reads: false);
        var process = Spawn.Start("/bin/sh", args, ["PATH=/usr/bin:/bin"], stdin: inTheirs, stdout: outTheirs, stderr: errTheirs);
        inTheirs?.Dispose();
        outTheirs?.Dispose();
        errTheirs?.Dispose();
        return new SupervisedProcess(process.Pid, process.PidFd, new ProcessStdio(inOurs, outOurs, errOurs, null), []);
    }

    private static (SafeFileHandle? Theirs, SafeFileHandle? Ours) Pipe(bool wanted, bool reads)
    {
        if (!wanted)
        {
            return (null, null);
        }

        var (read, write) = FilesAt.Pipe();
        var (theirs, ours) = reads ? (read, write) : (write, read);
        FilesAt.SetNonBlocking(ours);
        return (theirs, ours);
    }
}
