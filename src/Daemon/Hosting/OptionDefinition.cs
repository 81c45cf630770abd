namespace Berth.Daemon.Hosting;

internal enum OptionKind
{
    /// <summary>May stand alone, meaning true.</summary>
    Flag,
    Value,

    /// <summary>May be given again; an array in the configuration file.</summary>
    List,

    /// <summary>key=value, may be given again; an object in the configuration file.</summary>
    Map,
}

/// <summary>One option, in all the places where it can be given.</summary>
/// <param name="Key">Its name in the configuration file; null: only on the command line.</param>
/// <param name="Apply">Adds one given value to the options; throws <see cref="OptionException"/> if the value is wrong.</param>
internal sealed record OptionDefinition(
    string Name, char? Letter, string? Key, OptionKind Kind, string ValueName, string Help, Func<DaemonOptions, string, DaemonOptions> Apply);
