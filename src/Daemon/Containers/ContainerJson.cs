using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Networks;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers;

/// <summary>JSON of what the database keeps about a container, beside the API's own types.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(IPAddressConverter), typeof(JsonStringEnumConverter<RecursiveReadOnly>), typeof(JsonStringEnumConverter<PortProtocol>)])]
[JsonSerializable(typeof(ContainerState))]
[JsonSerializable(typeof(ContainerNetworking))]
[JsonSerializable(typeof(IReadOnlyList<MountPlan>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, EndpointSettings>))]
internal sealed partial class ContainerJson : JsonSerializerContext;

internal sealed class IPAddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => reader.GetString() is { } text ? IPAddress.Parse(text) : null;

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
