using System.Text.Json.Serialization;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers;

/// <summary>JSON of what the database keeps about a container, beside the API's own types.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(JsonStringEnumConverter<RecursiveReadOnly>), typeof(JsonStringEnumConverter<HealthStatus>)])]
[JsonSerializable(typeof(ContainerState))]
[JsonSerializable(typeof(HealthState))]
[JsonSerializable(typeof(IReadOnlyList<MountPlan>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, EndpointSettings>))]
internal sealed partial class ContainerJson : JsonSerializerContext;
