using Berth.Client.CommandLine;
using Berth.Client.Completion;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth completion</c>.</summary>
internal static class CompletionCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "bash|zsh|fish",
        Summary = "Print a script that completes berth's command lines",
        Description = "Completes commands, options, and the names of containers, images and networks.",
        Examples = ["source <(berth completion bash) # For this shell", "berth completion bash > /etc/bash_completion.d/berth # For every shell"],
        Arguments = Arity.Exactly(1),
        Run = static call =>
        {
            call.Out.Write(call.Arguments[0] switch
            {
                "bash" => CompletionScripts.Bash,
                "zsh" => CompletionScripts.Zsh,
                "fish" => CompletionScripts.Fish,
                var other => throw new CommandFailedException($"no completion for the shell \"{other}\": choose bash, zsh or fish"),
            });
            return 0;
        },
    };
}
