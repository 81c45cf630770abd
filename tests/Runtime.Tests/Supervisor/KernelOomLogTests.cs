using Berth.Runtime.Supervisor;

namespace Berth.Runtime.Tests.Supervisor;

public sealed class KernelOomLogTests
{
    private const string Record =
        "6,1017,99210,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c1,mems_allowed=0,oom_memcg=/part/berth/c1,task_memcg=/part/berth/c1/sub,task=hog,pid=4711,uid=0\n";

    [Theory]
    [InlineData("/berth/c1", "hog (pid 4711)")]
    [InlineData("/berth/c", null)]
    [InlineData("/berth/c12", null)]
    public void ParseVictim_IsForTheContainersCgroupOnly(string cgroup, string? victim)
        => Assert.Equal(victim, KernelOomLog.ParseVictim(Record, cgroup));

    [Fact]
    public void ParseVictim_OfAnotherRecord_IsNull()
        => Assert.Null(KernelOomLog.ParseVictim("6,1,1,-;eth0: link up, task_memcg=/berth/c1,task=x,pid=1,", "/berth/c1"));
}
