using Berth.Client.CommandLine;

namespace Berth.Client.Tests.CommandLine;

public sealed class CommandParserTests
{
    private static readonly Switch All = Opt.Switch("all", 'a', "");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "");
    private static readonly Switch Proxy = new("proxy", Opt.NoLetter, "") { Default = true };
    private static readonly ValueOption<long> Last = Opt.Integer("last", 'n', "");
    private static readonly ValueOption<string> Name = Opt.Text("name", "");
    private static readonly ListOption Env = Opt.List("env", 'e', "");

    [Theory]
    [InlineData("--last", "5")]
    [InlineData("--last=5")]
    [InlineData("-n", "5")]
    [InlineData("-n5")]
    [InlineData("-n=5")]
    [InlineData("-aqn5")]
    public void Parse_EveryFormOfAValue_IsTheSame(params string[] words) => Assert.Equal(5, Parse(words).Options.Get(Last));

    [Fact]
    public void Parse_ClusterOfLetters_SetsEach()
    {
        var (options, _) = Parse("-aq");

        Assert.True(options.Get(All) && options.Get(Quiet));
    }

    [Theory]
    [InlineData("--proxy=false", false)]
    [InlineData("--proxy", true)]
    [InlineData("--proxy=0", false)]
    public void Parse_SwitchWithDefault_CanBeSwitchedOff(string word, bool expected) => Assert.Equal(expected, Parse(word).Options.Get(Proxy));

    [Fact]
    public void Parse_SwitchNotGiven_HasItsDefault() => Assert.True(Parse().Options.Get(Proxy));

    [Fact]
    public void Parse_RepeatedOption_KeepsAllInOrder() => Assert.Equal(["A=1", "B=2", "C=3"], Parse("-e", "A=1", "--env=B=2", "-eC=3").Options.Get(Env));

    [Fact]
    public void Parse_OptionsAfterArguments_AreRead()
    {
        var (options, arguments) = Parse("one", "-a", "two");

        Assert.True(options.Get(All));
        Assert.Equal(["one", "two"], arguments);
    }

    [Fact]
    public void Parse_OptionsThatEndAtTheFirstArgument_LeaveTheRestAlone()
    {
        var (options, arguments) = CommandParser.Parse(Spec(endAtFirst: true), ["-q", "image", "-a", "--name"]);

        Assert.False(options.Get(All));
        Assert.Equal(["image", "-a", "--name"], arguments);
    }

    [Fact]
    public void Parse_DoubleDash_EndsOptions() => Assert.Equal(["-a"], Parse("--", "-a").Arguments);

    [Fact]
    public void Parse_LoneDash_IsAnArgument() => Assert.Equal(["-"], Parse("-").Arguments);

    [Theory]
    [InlineData("flag needs an argument: --name", "--name")]
    [InlineData("flag needs an argument: 'n' in -n", "-n")]
    [InlineData("unknown flag: --what", "--what")]
    [InlineData("unknown shorthand flag: 'z' in -az", "-az")]
    [InlineData("invalid argument \"x\" for \"-n, --last\" flag: \"x\" is not a whole number", "-nx")]
    [InlineData("invalid argument \"maybe\" for \"--all\" flag: \"maybe\" is neither true nor false", "--all=maybe")]
    public void Parse_WrongWord_SaysWhat(string expected, params string[] words)
        => Assert.Equal(expected, Assert.Throws<UsageException>(() => Parse(words)).Message);

    [Fact]
    public void Parse_MistypedOption_SuggestsTheNearest()
        => Assert.Contains("Did you mean --name?", Assert.Throws<UsageException>(() => Parse("--nmae")).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_LetterHWithoutOwner_AsksForHelp() => Assert.True(Parse("-h").Options.Get(CommandParser.Help));

    private static (OptionValues Options, List<string> Arguments) Parse(params string[] words) => CommandParser.Parse(Spec(endAtFirst: false), words);

    private static CommandSpec Spec(bool endAtFirst) => new()
    {
        Path = "test",
        Summary = "",
        Options = [All, Quiet, Proxy, Last, Name, Env],
        Arguments = Arity.Any,
        OptionsEndAtFirstArgument = endAtFirst,
        Run = static _ => 0,
    };
}
