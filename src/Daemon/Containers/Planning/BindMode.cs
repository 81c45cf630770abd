using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

/// <summary>The third part of "source:target:mode": words separated by commas, one of each kind at most.</summary>
/// <param name="Propagation">Null when none was asked for.</param>
internal sealed record BindMode(string Text, bool ReadOnly, bool NoCopy, string? Propagation)
{
    public static readonly IReadOnlySet<string> Propagations = new HashSet<string> { "private", "rprivate", "shared", "rshared", "slave", "rslave" };

    /// <exception cref="EngineException">InvalidArgument: an unknown word, or two of one kind.</exception>
    public static BindMode Parse(string text)
    {
        var mode = new BindMode(text, ReadOnly: false, NoCopy: false, Propagation: null);
        if (text.Length == 0)
        {
            return mode;
        }

        int access = 0, label = 0, propagation = 0, copy = 0, consistency = 0;
        foreach (var word in text.Split(','))
        {
            switch (word)
            {
                case "ro" or "rw":
                    access++;
                    mode = mode with { ReadOnly = word == "ro" };
                    break;
                case "z" or "Z": // relabels for SELinux, which is not on here
                    label++;
                    break;
                case "nocopy":
                    copy++;
                    mode = mode with { NoCopy = true };
                    break;
                case "consistent" or "cached" or "delegated": // matter to file sharing with a virtual machine
                    consistency++;
                    break;
                case var _ when Propagations.Contains(word):
                    propagation++;
                    mode = mode with { Propagation = word };
                    break;
                default:
                    throw Invalid(text);
            }
        }

        return access > 1 || label > 1 || propagation > 1 || copy > 1 || consistency > 1 ? throw Invalid(text) : mode;
    }

    public static EngineException Invalid(string mode) => new(ErrorKind.InvalidArgument,
        $"invalid mode: {mode}: it is ro or rw, z or Z, nocopy, a propagation ({string.Join(", ", Propagations)}) and a consistency (consistent, cached, delegated), one of each at most");
}
