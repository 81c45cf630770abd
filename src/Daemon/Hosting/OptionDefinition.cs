using System.Text.Json;

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
    string Name, char? Letter, string? Key, OptionKind Kind, string ValueName, string Help, Func<DaemonOptions, string, DaemonOptions> Apply)
{
    /// <summary>A change of it in the configuration file takes effect on SIGHUP, without a new start.</summary>
    public bool Reloads { get; init; }

    /// <summary>It says what is so anyway: accepted, for the sake of files that were written for dockerd, and without effect.</summary>
    public bool IsSettled { get; init; }

    /// <summary>There is no such option on the command line.</summary>
    public bool IsOnlyInFile { get; init; }

    /// <summary>Reads an element of a list or a map (then with its key) that is an object in the file; null: elements are plain values.</summary>
    public Func<DaemonOptions, string, JsonElement, DaemonOptions>? ApplyElement { get; init; }
}
