using Berth.Runtime.Launch;
using Berth.Shared.Linux;

namespace Berth.Runtime.Tests.Launch;

public sealed unsafe class StepListTests
{
    [Fact]
    public void Build_WithoutLabels_GoesOnStepByStep()
    {
        using var steps = new StepList();
        steps.Call("a", null, 1);
        steps.Call("b", null, 2);

        var built = steps.Build();

        Assert.Equal((1, 1), (built[0].OnSuccess, built[0].OnTolerated));
        Assert.Equal(2, built[1].OnSuccess);
    }

    [Fact]
    public void Build_OfLabels_ResolvesThemForward()
    {
        using var steps = new StepList();
        var end = steps.NewLabel();
        steps.Call("a", null, 1).Tolerating(end, Errno.ENOENT, Errno.EACCES);
        steps.Call("b", null, 2).Then(end);
        steps.Call("c", null, 3);
        steps.Mark(end);
        steps.Call("d", null, 4);

        var built = steps.Build();

        Assert.Equal(3, built[0].OnTolerated);
        Assert.Equal(1, built[0].OnSuccess);
        Assert.Equal(3, built[1].OnSuccess);
        Assert.Equal((short)Errno.EACCES, built[0].Tolerated[1]);
    }

    [Fact]
    public void Call_WithTheResultOfAStep_RefersToIt()
    {
        using var steps = new StepList();
        var first = steps.Call("a", null, 1);
        steps.Call("b", null, 2, 7, first);

        var built = steps.Build();

        Assert.Equal(0b10, built[1].References);
        Assert.Equal((7L, 0L), (built[1].Arguments[0], built[1].Arguments[1]));
    }

    [Fact]
    public void Steps_BeyondTheFirstBlock_StayWhole()
    {
        using var steps = new StepList();
        for (var i = 0; i < 1000; i++)
        {
            steps.Call("step", $"{i}", i, i);
        }

        var built = steps.Build();

        Assert.Equal("step 999", steps.Describe(999));
        Assert.Equal((500L, 501), (built[500].Arguments[0], built[500].OnSuccess));
    }

    [Fact]
    public void Text_EndsWithZero_AndKeepsUtf8()
    {
        using var steps = new StepList();

        var text = steps.Text("grün");

        Assert.Equal(5, new ReadOnlySpan<byte>(text, 16).IndexOf((byte)0));
    }
}
