using Berth.Shared.Errors;

namespace Berth.Runtime.Plan;

/// <summary>What can be wrong with a configuration, whatever the state of the machine.</summary>
internal static class PlanErrors
{
    /// <param name="field">As written in config.json, such as "linux.namespaces".</param>
    public static EngineException Invalid(string field, string why) => new(ErrorKind.InvalidArgument, $"config.json: {field}: {why}");

    public static EngineException Unsupported(string field, string why) => new(ErrorKind.NotImplemented, $"config.json: {field} is not supported: {why}");
}
