using Berth.Runtime.Supervisor.Streams;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

// How it ends: processes reaped, output drained, record written, watchers told; in this order.
internal sealed partial class ContainerSupervisor
{
    /// <summary>For watchers that do not read; everything is on disk by then.</summary>
    private static readonly TimeSpan farewellLimit = TimeSpan.FromSeconds(10);

    private bool hasFailed;
    private bool isToldAll;
    private bool farewellIsOver;

    private bool IsDone
        => hasFailed ? connections.Count == 0 || farewellIsOver
        : launch is null ? starter is null
        : isToldAll && draining.Count == 0 && !compressor.IsBusy && log is not { IsBusy: true } && (connections.Count == 0 || farewellIsOver);

    private void ContainerEnded()
    {
        if (!Processes.TryReap(container!.Pid, out var exit))
        {
            return;
        }

        containerExit = exit;
        containerEnd!.Dispose();

        // Without a pid namespace of its own the container may leave processes behind; with one the kernel has ended them already,
        // and looking is much cheaper than killing: on v1 that freezes and thaws the cgroup.
        if (runtime!.Cgroup is { } cgroup && cgroup.Processes().Count > 0)
        {
            cgroup.Kill();
        }

        foreach (var exec in execs.Values)
        {
            Processes.TrySignal(exec.Process.PidFd, SIGKILL);
        }

        FinishIfEnded();
    }

    private void ExecEnded(string id)
    {
        var exec = execs[id];
        if (!Processes.TryReap(exec.Process.Pid, out var exit))
        {
            return;
        }

        execs.Remove(id);
        exec.End!.Dispose();
        exec.Process.PidFd.Dispose();
        exec.Stdio.Stop();
        TellExecExit(new ExecExit(id, exit.Code, Now));
        FinishIfEnded();
    }

    private void TellExecExit(ExecExit exit)
    {
        if (Tell(SupervisorFrameCodec.Encode(SupervisorFrame.ExecExited, exit, SupervisorJson.Default.ExecExit)))
        {
            return;
        }

        if (untoldExecExits.Count == MaxKeptExecExits)
        {
            untoldExecExits.RemoveAt(0);
        }

        untoldExecExits.Add(exit);
    }

    private void TellOom(OomEvent happened) => Tell(SupervisorFrameCodec.Encode(SupervisorFrame.Oom, happened, SupervisorJson.Default.OomEvent));

    private void TellLogTrouble(string message) => Tell(SupervisorFrameCodec.Encode(SupervisorFrame.LogTrouble, new(Now, message), SupervisorJson.Default.LogNotice));

    /// <returns>False when nobody watches.</returns>
    private bool Tell(byte[] frame)
    {
        var any = false;
        foreach (var connection in connections.ToArray())
        {
            if (connection.Watches)
            {
                connection.Send(frame);
                any |= connections.Contains(connection); // a send to one who has gone removes it
            }
        }

        return any;
    }

    private void FinishIfEnded()
    {
        if (containerExit is { } exit && execs.Count == 0 && !isToldAll)
        {
            Finish(exit);
        }
    }

    private void Finish(ProcessExit exit)
    {
        var finishedAt = Now;
        oom?.CheckForLastTime();
        stdio.Stop();
        log?.Finish();
        container!.PidFd.Dispose();

        // Before anyone is told: the next start of the container makes the same cgroup again.
        var leftovers = runtime!.Remove();
        var record = new ContainerExit(
            exit.Code, finishedAt, oom is { Kills: > 0 }, oom?.Victim, leftovers.Count > 0 ? string.Join("; ", leftovers) : null);
        var unwritten = WriteRecord(record);
        StopListening();
        isToldAll = true;
        Tell(SupervisorFrameCodec.Encode(
            SupervisorFrame.Exited,
            unwritten is null ? record : record with { Error = record.Error is null ? unwritten : $"{record.Error}; {unwritten}" },
            SupervisorJson.Default.ContainerExit));
        foreach (var connection in connections.ToArray())
        {
            connection.CloseWhenFlushed();
        }

        if (connections.Count > 0)
        {
            loop.After(farewellLimit, () => farewellIsOver = true);
        }
    }

    /// <returns>Why it could not be written; null: it is.</returns>
    private string? WriteRecord(ContainerExit record)
    {
        try
        {
            ExitRecord.Write(launch!.ExitPath, record, durable: !connections.Exists(connection => connection.Watches));
            return null;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return $"writing {launch!.ExitPath}: {failed.Message}";
        }
    }
}
