using System.Net.Sockets;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Shared.Tests.Supervision;

public sealed class SupervisorConnectionTests : IDisposable
{
    private readonly SupervisorConnection connection;
    private readonly Socket supervisor;

    public SupervisorConnectionTests()
    {
        var (ours, theirs) = Descriptors.SocketPair();
        connection = new SupervisorConnection(new Socket(new SafeSocketHandle(ours.DangerousGetHandle(), ownsHandle: true)));
        supervisor = new Socket(new SafeSocketHandle(theirs.DangerousGetHandle(), ownsHandle: true));
        ours.SetHandleAsInvalid();
        theirs.SetHandleAsInvalid();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        connection.Dispose();
        supervisor.Dispose();
    }

    [Fact]
    public async Task Launch_WhenRefused_ThrowsTheFailure()
    {
        var failure = new SupervisorFailure("execve", "exec: \"x\": executable file not found in $PATH", 2, 127);
        supervisor.Send(SupervisorFrameCodec.Encode(SupervisorFrame.Failed, failure, SupervisorJson.Default.SupervisorFailure));

        var thrown = await Assert.ThrowsAsync<SupervisorException>(() => connection.LaunchAsync(Launch(), Ct));

        Assert.Equal(failure, thrown.Failure);
    }

    [Fact]
    public async Task Attach_WhenOutputFollowsTheReplyAtOnce_LeavesItToTheStream()
    {
        byte[] reply = [.. SupervisorFrameCodec.Encode(SupervisorFrame.Attached, new(2, 77), SupervisorJson.Default.AttachReply), .. "output"u8];
        supervisor.Send(reply);

        var (attached, stream) = await connection.AttachAsync(new(false, true, true), Ct);

        using (stream)
        {
            var buffer = new byte[16];
            Assert.Equal(new AttachReply(2, 77), attached);
            Assert.Equal(6, await stream.ReceiveAsync(buffer, Ct));
        }
    }

    [Fact]
    public async Task Watch_WhenTheSupervisorIsKilled_Throws()
    {
        supervisor.Send(SupervisorFrameCodec.Encode(SupervisorFrame.Oom, new(DateTimeOffset.UnixEpoch, null), SupervisorJson.Default.OomEvent));
        supervisor.Shutdown(SocketShutdown.Both);

        var seen = new List<SupervisorEvent>();
        await Assert.ThrowsAsync<EndOfStreamException>(async () =>
        {
            await foreach (var happened in connection.EventsAsync(Ct))
            {
                seen.Add(happened);
            }
        });

        Assert.IsType<SupervisorEvent.Oom>(Assert.Single(seen));
    }

    [Fact]
    public async Task Request_WhenTheAnswerIsNoFrame_IsRefused()
    {
        supervisor.Send([0xff, 0xff, 0xff, 0x7f, 4]);

        await Assert.ThrowsAsync<InvalidDataException>(() => connection.CloseStdinAsync(Ct));
    }

    private static SupervisorLaunch Launch() => new() { ContainerId = "c", BundlePath = "/b", SocketPath = "/s", ExitPath = "/e" };
}
