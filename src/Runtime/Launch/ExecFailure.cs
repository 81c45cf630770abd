using Berth.Runtime.Plan;
using Berth.Shared.Linux;

namespace Berth.Runtime.Launch;

/// <summary>Words and exit codes for a child that failed, in the manner that users of docker run know.</summary>
internal static class ExecFailure
{
    /// <summary>The step of the execve itself.</summary>
    public const string Step = "execute";

    public static LaunchException NotInPath(ProcessPlan process) => Executing(process.Args[0], Errno.ENOENT);

    /// <param name="step">As <see cref="StepList.Describe"/> gives it.</param>
    /// <param name="value">errno, or for a hook its wait status.</param>
    public static LaunchException Of(StepList steps, int step, int value, ProcessPlan process)
        => Of(steps.Describe(step), value, steps.IsExecution(step) ? process.Args[0] : null, steps.IsHook(step));

    public static LaunchException Of(string step, int value, string? program, bool isHook)
    {
        if (isHook)
        {
            return new LaunchException(step, Errno.None, $"{step}: it ended with {new ProcessExit(value)}");
        }

        var errno = (Errno)value;
        if (program is not null)
        {
            return Executing(program, errno);
        }

        var exitCode = errno switch
        {
            Errno.ENOENT when step.StartsWith("change to", StringComparison.Ordinal) => LaunchException.NotFound,
            Errno.EACCES or Errno.ENOTDIR when step.StartsWith("change to", StringComparison.Ordinal) => LaunchException.CannotExecute,
            _ => LaunchException.EngineFailed,
        };
        return new LaunchException(step, errno, $"{step}: {ErrnoException.Describe(errno)}", exitCode);
    }

    private static LaunchException Executing(string program, Errno errno)
    {
        var named = program.Contains('/');
        var (why, code) = errno switch
        {
            Errno.ENOENT or Errno.ENOTDIR when !named => ("executable file not found in $PATH", LaunchException.NotFound),
            Errno.ENOENT => ($"stat {program}: no such file or directory", LaunchException.NotFound),
            Errno.ENOTDIR => ($"stat {program}: not a directory", LaunchException.CannotExecute),
            _ => (ErrnoException.Describe(errno), LaunchException.CannotExecute),
        };
        return new LaunchException($"{Step} {program}", errno, $"exec: \"{program}\": {why}", code);
    }
}
