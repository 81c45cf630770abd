using Berth.Daemon.Containers;

namespace Berth.Daemon.Tests.Containers;

public sealed class ContainerRecordTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Started_WhenCreated_IsRunning()
    {
        var running = Make.Record().Started(7, 6, Now);

        Assert.Equal(new ContainerState.Running(7, 6, Now), running.State);
        Assert.Equal(6, running.SupervisorPid);
    }

    [Fact]
    public void Started_WhenRunning_IsOurBug()
        => Assert.Throws<InvalidOperationException>(() => Make.Record(new ContainerState.Running(7, 6, Now)).Started(8, 7, Now));

    [Fact]
    public void Started_ClearsTheIntent()
        => Assert.Null((Make.Record() with { Intent = ContainerIntent.Start }).Started(7, 6, Now).Intent);

    [Fact]
    public void Exited_WhenPaused_KeepsWhenItStarted()
    {
        var exited = Make.Record(new ContainerState.Paused(7, 6, Now)).Exited(3, Now.AddSeconds(9), oomKilled: true, "why");

        Assert.Equal(new ContainerState.Exited(3, Now, Now.AddSeconds(9), true, "why"), exited.State);
    }

    [Fact]
    public void Exited_WhenNeverStarted_IsOurBug()
        => Assert.Throws<InvalidOperationException>(() => Make.Record().Exited(3, Now, oomKilled: false, null));

    [Fact]
    public void StartFailed_WhenCreated_StaysCreatedWithTheReason()
        => Assert.Equal(new ContainerState.Created(127, "not found"), Make.Record().StartFailed(127, "not found").State);

    [Fact]
    public void ToRestart_CountsTheRestart()
    {
        var waiting = Make.Record(new ContainerState.Exited(1, Now, Now, false, null)).ToRestart();

        Assert.Equal(1, waiting.RestartCount);
        Assert.IsType<ContainerState.Restarting>(waiting.State);
    }

    [Fact]
    public void RestartCalledOff_ByTheUser_IsStoppedByTheUser()
    {
        var rests = Make.Record(new ContainerState.Restarting(1, Now, Now, false)).RestartCalledOff(byUser: true);

        Assert.True(rests.StoppedByUser);
        Assert.IsType<ContainerState.Exited>(rests.State);
    }

    [Fact]
    public void RestartCalledOff_ByThePolicy_IsNotCounted()
    {
        var rests = (Make.Record(new ContainerState.Exited(1, Now, Now, false, null)) with { RestartCount = 2 }).ToRestart().RestartCalledOff(byUser: false);

        Assert.False(rests.StoppedByUser);
        Assert.Equal(2, rests.RestartCount);
    }

    [Fact]
    public void PausedNow_WhenExited_IsOurBug()
        => Assert.Throws<InvalidOperationException>(() => Make.Record(new ContainerState.Exited(1, Now, Now, false, null)).PausedNow());
}
