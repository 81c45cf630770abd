namespace Berth.Client.CommandLine;

/// <summary>How many arguments a command takes.</summary>
internal readonly record struct Arity(int Min, int Max)
{
    public static Arity None => new(0, 0);

    public static Arity Any => new(0, int.MaxValue);

    public static Arity Exactly(int count) => new(count, count);

    public static Arity AtLeast(int count) => new(count, int.MaxValue);

    public static Arity AtMost(int count) => new(0, count);

    public static Arity Between(int min, int max) => new(min, max);

    /// <returns>What is wrong with that many arguments, or <see langword="null"/>.</returns>
    public string? Refuse(int count) => count >= Min && count <= Max
        ? null
        : (Min, Max) switch
        {
            (0, 0) => "accepts no arguments",
            var (min, max) when min == max => $"requires {Counted(min)}",
            (0, var max) => $"requires at most {Counted(max)}",
            (var min, int.MaxValue) => $"requires at least {Counted(min)}",
            var (min, max) => $"requires at least {min} and at most {Counted(max)}",
        };

    private static string Counted(int count) => count == 1 ? "1 argument" : $"{count} arguments";
}
