using System.Diagnostics;
using Berth.Shared.Cgroups;

namespace Berth.Kernel.Tests.Cgroups;

/// <summary>A shell that waits for its script, so that it can be put into a cgroup before it does anything.</summary>
internal sealed class CgroupShell : IDisposable
{
    private readonly Process _process;

    public CgroupShell(ICgroup cgroup)
    {
        var start = new ProcessStartInfo("/bin/busybox", ["sh"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        cgroup.AddProcess(_process.Id);
    }

    public int Pid => _process.Id;

    public int ExitCode => _process.ExitCode;

    public StreamReader Output => _process.StandardOutput;

    public void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Runs a script to its end; output and errors together.</summary>
    public async Task<string> RunAsync(string script)
    {
        Send($"exec 2>&1; {script}\nexit $?");
        _process.StandardInput.Close();
        var output = _process.StandardOutput.ReadToEndAsync();
        await WaitAsync();
        return await output;
    }

    public async Task WaitAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(late.Token);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
