using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.CommandLine;

/// <summary>One call of one command: what was asked, and the world it acts on.</summary>
internal sealed class Invocation(CommandSpec command, OptionValues options, List<string> arguments, ClientWorld world)
{
    private const int AtOnce = 50;

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

    /// <summary>
    /// Sends a request for each argument, many at once, and prints the argument when the daemon has done it: stopping twenty containers takes
    /// as long as the slowest, not as long as all. Goes on after a refusal.
    /// </summary>
    /// <param name="forgives">Says which refusals are worth a remark, but no failure.</param>
    /// <param name="hidesForgiven">Says nothing of them either.</param>
    /// <returns>The exit code: 1 when any was refused.</returns>
    public int RequestForEachArgument(string method, Func<string, string> target, Func<EngineReplyException, bool>? forgives = null, bool hidesForgiven = false)
    {
        var exitCode = 0;
        foreach (var batch in Arguments.Chunk(AtOnce))
        {
            var pending = batch.Select(argument => Engine.Begin(method, target(argument))).ToList();
            for (var i = 0; i < batch.Length; i++)
            {
                try
                {
                    using var reply = pending[i].CompleteAccepted();
                    reply.ReadBytes();
                    Out.WriteLine(batch[i]);
                }
                catch (EngineReplyException refused)
                {
                    var isForgiven = forgives?.Invoke(refused) == true;
                    exitCode = isForgiven ? exitCode : 1;
                    if (!isForgiven || !hidesForgiven)
                    {
                        Out.Flush();
                        Err.WriteLine(refused.Message);
                    }
                }
            }
        }

        return exitCode;
    }
}
