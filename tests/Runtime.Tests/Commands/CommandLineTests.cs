using Berth.Runtime.Commands;
using Berth.Shared.Errors;

namespace Berth.Runtime.Tests.Commands;

public sealed class CommandLineTests
{
    private static readonly string[] Known = ["bundle|b=", "detach|d", "env|e="];

    [Theory]
    [InlineData("--bundle", "/x", "id")]
    [InlineData("--bundle=/x", "id")]
    [InlineData("-b", "/x", "id")]
    [InlineData("id", "-b=/x")]
    public void Parse_OfAValue_TakesEveryForm(params string[] arguments)
    {
        var line = CommandLine.Parse(arguments, Known, int.MaxValue, out _);

        Assert.Equal("/x", line.Value("bundle"));
        Assert.Equal(["id"], line.Operands);
    }

    [Fact]
    public void Parse_UpToAnOperand_LeavesTheRest()
    {
        var line = CommandLine.Parse(["-d", "-e", "A=1", "--env=B=2", "id", "ls", "-d", "--x"], Known, 1, out var rest);

        Assert.True(line.Has("detach"));
        Assert.Equal(["A=1", "B=2"], line.Values("env"));
        Assert.Equal(["ls", "-d", "--x"], rest);
    }

    [Fact]
    public void Parse_AfterTwoDashes_ReadsNoOption()
        => Assert.Equal(["-d"], CommandLine.Parse(["--", "-d"], Known, int.MaxValue, out _).Operands);

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("--bundle")]
    public void Parse_OfAnUnknownOption_OrWithoutValue_IsRefused(string argument)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => CommandLine.Parse([argument], Known, 1, out _)).Kind);
}
