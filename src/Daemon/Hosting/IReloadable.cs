namespace Berth.Daemon.Hosting;

/// <summary>A feature that takes new options while it runs.</summary>
internal interface IReloadable
{
    /// <summary>Checks the new options and works out what follows from them, without changing anything.</summary>
    /// <returns>Puts it in force; does not fail.</returns>
    /// <exception cref="OptionException">The options can't be put in force; none are, in no feature.</exception>
    Action Prepare(DaemonOptions next);
}
