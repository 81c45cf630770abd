using System.Reflection;

namespace Berth.Daemon.Hosting;

/// <summary>What this program says about itself.</summary>
internal static class EngineVersion
{
    public static string Value { get; } = typeof(EngineVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
