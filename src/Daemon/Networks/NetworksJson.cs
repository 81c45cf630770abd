using System.Text.Json.Serialization;

namespace Berth.Daemon.Networks;

/// <summary>The columns that hold JSON.</summary>
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class NetworksJson : JsonSerializerContext;
