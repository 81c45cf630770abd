using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.CommandLine;

/// <summary>One call of one command: what was asked, and the world it acts on.</summary>
internal sealed class Invocation(CommandSpec command, OptionValues options, List<string> arguments, ClientWorld world)
{
    public CommandSpec Command { get; } = command;

    public OptionValues Options { get; } = options;

    public IReadOnlyList<string> Arguments { get; } = arguments;

    public ClientWorld World { get; } = world;

    public EngineClient Engine => World.Engine;

    public ByteSink Out => World.Out;

    public ByteSink Err => World.Err;

    public bool Get(Switch option) => Options.Get(option);

    public IReadOnlyList<string> Get(ListOption option) => Options.Get(option);

    public string? Get(ValueOption<string> option) => Options.Get(option);

    public T? Get<T>(ValueOption<T> option)
        where T : struct
        => Options.Get(option);

    public bool IsSet(Option option) => Options.IsSet(option);

    /// <summary>Acts on each argument and goes on after a refusal; the last word is 1 when any was refused.</summary>
    public int ForEachArgument(Action<string> act)
    {
        var exitCode = 0;
        foreach (var argument in Arguments)
        {
            try
            {
                act(argument);
            }
            catch (EngineReplyException refused)
            {
                Out.Flush();
                Err.WriteLine(refused.Message);
                exitCode = 1;
            }
        }

        return exitCode;
    }
}
