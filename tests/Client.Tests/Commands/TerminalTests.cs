using System.Diagnostics;
using System.Text;
using Berth.Client.Tests.Kit;

namespace Berth.Client.Tests.Commands;

/// <summary>The built client in a real terminal, made by script(1).</summary>
public sealed class TerminalTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Run_InATerminal_PassesKeysRawAndPutsTheTerminalBack()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "needs script(1) to make a terminal");
        var typed = new StringBuilder();
        var sizes = new List<string>();
        using var directory = new TempDirectory();
        using var engine = new ScriptedEngine().Reply("POST /containers/create", 201, """{"Id":"0123"}""").Reply("POST /containers/0123/start", 204).Reply("POST /containers/0123/wait", 200, """{"StatusCode":7}""")
            .Play("POST /containers/0123/resize", (request, stream) =>
            {
                sizes.Add(request.Path);
                stream.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8);
                return true;
            })
            .Play("POST /containers/0123/attach", (_, stream) =>
            {
                stream.Write("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nprompt$ "u8);
                while (!typed.ToString().EndsWith('!'))
                {
                    typed.Append((char)stream.ReadByte());
                }

                return false;
            });
        var command = $"stty rows 33 cols 101; stty -a > {directory.File("before")}; dotnet {AppContext.BaseDirectory}berth.dll -H unix://{engine.SocketPath} run -it busybox sh; echo code=$?; stty -a > {directory.File("after")}";
        using var script = Process.Start(new ProcessStartInfo("/usr/bin/script", ["-qec", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var output = script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        SpinWait.SpinUntil(() => engine.Requests.Any(static request => request.Path.Contains("/start", StringComparison.Ordinal)), Deadline);

        script.StandardInput.Write("a\u0003\u0004\r!"); // ctrl-c and ctrl-d are the container's, and return is not made a line feed
        script.StandardInput.Flush();

        await script.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        var shown = await output;
        Assert.Equal("a\u0003\u0004\r!", typed.ToString());
        Assert.Equal(File.ReadAllText(directory.File("before")), File.ReadAllText(directory.File("after")));
        Assert.Contains("prompt$ ", shown, StringComparison.Ordinal);
        Assert.Contains("code=7", shown, StringComparison.Ordinal);
        Assert.Contains("/containers/0123/resize?h=33&w=101", sizes);
        Assert.Contains("\"ConsoleSize\":[33,101]", engine.Requests[0].Body, StringComparison.Ordinal);
    }
}
