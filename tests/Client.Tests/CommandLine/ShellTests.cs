using Berth.Client.CommandLine;
using Berth.Client.Tests.Kit;

namespace Berth.Client.Tests.CommandLine;

public sealed class ShellTests
{
    [Fact]
    public void Run_MistypedCommand_SuggestsAndFails()
    {
        var run = Offline("imagse");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("unknown command: berth imagse", run.Err, StringComparison.Ordinal);
        Assert.Contains("berth images", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithoutADaemon_SaysHowToReachOne()
    {
        var run = Offline("-H", "unix:///nowhere/berth.sock", "ps");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("Cannot connect to the Berth daemon at unix:///nowhere/berth.sock.", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WrongOptionOfRun_Is125() => Assert.Equal(125, Offline("run", "--nope", "x").ExitCode);

    [Fact]
    public void Run_WithoutADaemon_RunIs125() => Assert.Equal(125, Offline("-H", "unix:///nowhere/berth.sock", "run", "busybox").ExitCode);

    [Theory]
    [InlineData("rename", "a")]
    [InlineData("rename", "a", "b", "c")]
    [InlineData("rm")]
    public void Run_WrongNumberOfArguments_ShowsUsage(params string[] words)
    {
        var run = Offline(words);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Usage:  berth " + words[0], run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EveryCommandsHelp_NamesItsOptions()
    {
        foreach (var command in new CommandTree().All)
        {
            var run = Offline([.. command.Path.Split(' '), "--help"]);

            Assert.Equal(0, run.ExitCode);
            Assert.Contains("Usage:  berth " + command.Path, run.Out, StringComparison.Ordinal);
            Assert.All(command.Options.Where(static option => !option.IsHidden), option => Assert.Contains("--" + option.Name, run.Out, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Commands_OptionNamesAndLetters_AreUnique() => Assert.All(new CommandTree().All, static command =>
    {
        Assert.Equal(command.Options.Count, command.Options.Select(static option => option.Name).Distinct().Count());
        var letters = command.Options.Select(static option => option.Letter).Where(static letter => letter != Opt.NoLetter).ToList();
        Assert.Equal(letters.Count, letters.Distinct().Count());
    });

    [Theory]
    [InlineData("unix:///h/env.sock", "unix:///d/env.sock", "unix:///h/env.sock")]
    [InlineData("", "unix:///d/env.sock", "unix:///d/env.sock")]
    [InlineData("", "", "unix:///run/berth/berth.sock")]
    public void ResolveAddress_Variables_InOrder(string berthHost, string dockerHost, string expected)
    {
        var globals = new GlobalOptions(name => name switch { "BERTH_HOST" => berthHost, "DOCKER_HOST" => dockerHost, _ => null });
        globals.Parse(["ps"]);

        Assert.Equal(expected, globals.ResolveAddress().Text);
    }

    [Theory]
    [InlineData("tcp://engine.example:2376", "engine.example", 2376)]
    [InlineData("tcp://engine.example", "engine.example", 2375)]
    [InlineData("tcp://[::1]:99", "::1", 99)]
    public void ResolveAddress_Tcp_HasHostAndPort(string text, string host, int port)
    {
        var address = Berth.Client.Engine.EngineAddress.Parse(text, null);

        Assert.Equal((host, port), (address.Host, address.Port));
    }

    [Theory]
    [InlineData("tcp://host:x")]
    [InlineData("tcp://")]
    [InlineData("ssh://host")]
    [InlineData("unix://")]
    public void ResolveAddress_Unusable_IsRefused(string text) => Assert.Throws<CommandFailedException>(() => Berth.Client.Engine.EngineAddress.Parse(text, null));

    private static ClientRun Offline(params string[] words) => ClientRun.Of(null, new FakeTerminal(), null, words);
}
