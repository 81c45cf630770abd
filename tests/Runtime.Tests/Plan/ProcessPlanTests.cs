using Berth.Runtime.Plan;
using Berth.Runtime.Security;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Runtime.Tests.Plan;

public sealed class ProcessPlanTests
{
    private static readonly OciProcess Process = new() { Args = ["tool", "argument"], Env = ["PATH=/a:/b/:relative::/c"] };

    [Fact]
    public void Candidates_OfABareName_AreTheAbsoluteOnesOfPath()
        => Assert.Equal(["/a/tool", "/b/tool", "/c/tool"], Parse(Process).Candidates());

    [Fact]
    public void Candidates_OfAPath_AreThatPath() => Assert.Equal(["./tool"], Parse(Process with { Args = ["./tool"] }).Candidates());

    [Fact]
    public void Candidates_WithoutPath_AreNone() => Assert.Empty(Parse(Process with { Env = [] }).Candidates());

    [Theory]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public void Parse_OfAUserAbove31Bits_IsRefused(uint uid)
        => Assert.Contains("process.user.uid", Refusal(Process with { User = new OciUser { Uid = uid } }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfARelativeWorkingDirectory_IsRefused() => Assert.Contains("process.cwd", Refusal(Process with { Cwd = "work" }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfAZeroByte_IsRefused() => Assert.Contains("zero byte", Refusal(Process with { Args = ["tool\0x"] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_WithoutArguments_IsRefused() => Assert.Contains("no command", Refusal(Process with { Args = [] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfCapabilities_MakesSetsOfBits()
    {
        var sets = Parse(Process with { Capabilities = new OciCapabilities { Bounding = ["CAP_CHOWN", "CAP_BPF"], Permitted = ["CAP_CHOWN"], Effective = ["cap_chown"] } }, inUserNamespace: true).Capabilities;

        Assert.Equal((1UL << 39) | 1, sets.Bounding);
        Assert.Equal(1UL, sets.Permitted);
        Assert.Equal(1UL, sets.Effective);
        Assert.Equal(0UL, sets.Ambient);
    }

    [Fact]
    public void Parse_OfAnUnknownCapability_IsRefused()
        => Assert.Contains("\"CAP_FLY\"", Refusal(Process with { Capabilities = new OciCapabilities { Bounding = ["CAP_FLY"] } }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfAnAmbientCapabilityThatIsNotInheritable_IsRefused()
        => Assert.Contains("ambient", Refusal(Process with { Capabilities = new OciCapabilities { Permitted = ["CAP_CHOWN"], Ambient = ["CAP_CHOWN"] } }, inUserNamespace: true), StringComparison.Ordinal);

    [Theory]
    [InlineData("RLIMIT_NONSENSE", 1, 1, "no limit")]
    [InlineData("RLIMIT_CORE", 2, 1, "above the hard limit")]
    public void Parse_OfOddLimits_IsRefused(string type, ulong soft, ulong hard, string words)
        => Assert.Contains(words, Refusal(Process with { Rlimits = [new OciRlimit(type, soft, hard)] }), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfSchedulingAndPriority_GivesTheKernelsNumbers()
    {
        var plan = Parse(Process with { Scheduler = new OciScheduler { Policy = "SCHED_BATCH", Nice = 5, Flags = ["SCHED_FLAG_RESET_ON_FORK"] }, IoPriority = new OciIoPriority("IOPRIO_CLASS_BE", 7) });

        Assert.Equal(new SchedulerPlan(3, 1, 5, 0, 0, 0, 0), plan.Scheduler);
        Assert.Equal((2 << 13) | 7, plan.IoPriority);
    }

    [Fact]
    public void AllNames_CountsUpToTheLastOfLinux() => Assert.Equal(41, CapabilitySet.AllNames.Distinct().Count());

    private static ProcessPlan Parse(OciProcess process, bool inUserNamespace = false) => ProcessPlan.Parse(process, inUserNamespace);

    private static string Refusal(OciProcess process, bool inUserNamespace = false) => Assert.Throws<EngineException>(() => Parse(process, inUserNamespace)).Message;
}
