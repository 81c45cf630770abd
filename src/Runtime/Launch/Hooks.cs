using System.Text;
using System.Text.Json;
using Berth.Runtime.Plan;
using Berth.Runtime.State;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>Hooks that run in the launcher's own namespaces; runtime-spec config.md, "POSIX-platform Hooks".</summary>
internal static class Hooks
{
    private const int MaxOutput = 4096;

    /// <exception cref="LaunchException">One could not be started, failed or took too long; the following ones are not run.</exception>
    public static void Run(IReadOnlyList<OciHook>? hooks, OciState state)
    {
        foreach (var hook in hooks ?? [])
        {
            Run(hook, state);
        }
    }

    /// <summary>Runs all of them whatever happens: for the points at which the specification lets a failure be no more than a warning.</summary>
    /// <returns>What failed, a sentence each.</returns>
    public static IReadOnlyList<string> RunAll(IReadOnlyList<OciHook>? hooks, OciState state)
    {
        var failures = new List<string>();
        foreach (var hook in hooks ?? [])
        {
            try
            {
                Run(hook, state);
            }
            catch (LaunchException e)
            {
                failures.Add(e.Message);
            }
        }

        return failures;
    }

    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument.</exception>
    public static void Check(OciHooks? hooks)
    {
        foreach (var hook in new[] { hooks?.Prestart, hooks?.CreateRuntime, hooks?.CreateContainer, hooks?.StartContainer, hooks?.Poststart, hooks?.Poststop }.SelectMany(h => h ?? []))
        {
            if (!hook.Path.StartsWith('/'))
            {
                throw PlanErrors.Invalid("hooks", $"the path \"{hook.Path}\" is not absolute");
            }

            if (hook.Timeout <= 0)
            {
                throw PlanErrors.Invalid("hooks", $"the timeout of {hook.Path} is not above 0");
            }
        }
    }

    /// <summary>A file that holds the state for hooks to read; filled later.</summary>
    public static SafeFileHandle NewStateFile() => FilesAt.MemoryFile("state");

    public static void WriteState(SafeFileHandle file, OciState state) => ByteStreams.Write(file, JsonSerializer.SerializeToUtf8Bytes(state, OciStateJson.Default.OciState));

    private static void Run(OciHook hook, OciState state)
    {
        var step = $"{HookSteps.Step} {hook.Path}";
        try
        {
            using var input = NewStateFile();
            WriteState(input, state);
            using var output = FilesAt.MemoryFile("output");
            using var steps = new StepList();
            steps.Call(step, null, SyscallNumber.Dup3, output, 1, 0);
            steps.Call(step, null, SyscallNumber.Dup3, output, 2, 0);
            HookSteps.AddProgram(steps, hook, input);
            using var child = ChildProcess.Clone(steps, NamespaceKinds.None, cgroup: null);
            var exit = Wait(child, hook, step);
            if (child.Report.Read() is { Kind: StepReportKind.Failed } report)
            {
                throw new LaunchException(step, (Errno)report.Value, $"{step}: {ErrnoException.Describe((Errno)report.Value)}");
            }

            if (exit.Code != 0)
            {
                throw new LaunchException(step, Errno.None, $"{step}: it ended with {exit}{Said(output)}");
            }
        }
        catch (ErrnoException e)
        {
            throw new LaunchException(step, e.Errno, $"{step}: {e.Message}", inner: e);
        }
    }

    private static ProcessExit Wait(ChildProcess child, OciHook hook, string step)
    {
        try
        {
            return child.WaitForEnd(hook.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        }
        catch (TimeoutException)
        {
            child.Kill();
            throw new LaunchException(step, Errno.ETIMEDOUT, $"{step}: it did not end within {hook.Timeout} seconds");
        }
    }

    private static string Said(SafeFileHandle output)
    {
        var buffer = new byte[MaxOutput];
        using var again = FilesAt.Open($"/proc/self/fd/{output.Fd()}", OpenFlags.ReadOnly);
        var count = ByteStreams.Read(again, buffer);
        return count == 0 ? "" : $": {Encoding.UTF8.GetString(buffer, 0, count).Trim()}";
    }
}
