using System.Globalization;
using Berth.Runtime.Supervisor.Foreign;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

/// <summary>"berth-runtime supervise --control N": the process that stays with a container. See SupervisorProtocol.cs for what is said over N.</summary>
/// <remarks>
/// It has one managed thread, since it clones; no task, no timer and no thread pool may start in it. Signals that ask a process to end are ignored: it goes when its
/// container has gone. When it is killed, the kernel kills the container's processes with it (PR_SET_PDEATHSIG).
/// </remarks>
internal static class SupervisorProcess
{
    private const int BadUsage = 2;

    // SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTERM: numbers that every Linux has, and that end a process by default.
    private static readonly int[] ignoredSignals = [1, 2, 3, 10, 12, 13, 15];

    /// <returns>The exit code of the process.</returns>
    public static int Run(string[] args)
    {
        if (args is [SelfCompressor.Argument])
        {
            return SelfCompressor.Run();
        }

        if (args is not ["--control", var number] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var control) || control < 3)
        {
            return BadUsage;
        }

        PrepareProcess(control);
        if (!Descriptors.IsReadable(control))
        {
            Rehearsal.Run();
        }

        using var loop = new EventLoop();
        using var supervisor = new ContainerSupervisor(loop, ProcessSettings.Adopt(control), ChooseRuntime);
        supervisor.Run();
        return 0;
    }

    private static void PrepareProcess(int control)
    {
        ProcessSettings.SetName("berth-supervise"u8);
        ProcessSettings.ForbidDumps();
        ProcessSettings.CloseInheritedExcept(control);
        foreach (var signal in ignoredSignals)
        {
            ProcessSettings.Ignore(signal);
        }

        Directory.SetCurrentDirectory("/"); // holds no file system that someone wants to unmount
    }

    private static IContainerRuntime ChooseRuntime(SupervisorLaunch launch)
        => launch.ForeignRuntimePath is { } program ? new ForeignRuntime(program, launch.ForeignRuntimeArguments) : new OwnRuntime();
}
