using System.Buffers;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network disconnect</c>.</summary>
internal static class NetworkDisconnectCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Disconnect even a container that is not there any more");

    public static CommandSpec Define() => new()
    {
        Operands = "NETWORK CONTAINER",
        Summary = "Take a container off a network, while it runs or not",
        Options = [Force],
        Arguments = Arity.Exactly(2),
        Completes = Completes.NetworkThenContainer,
        Run = static call =>
        {
            var bytes = new ArrayBufferWriter<byte>(128);
            using (var json = new Utf8JsonWriter(bytes))
            {
                json.WriteStartObject();
                json.WriteString("Container", call.Arguments[1]);
                json.WriteBoolean("Force", call.Get(Force));
                json.WriteEndObject();
            }

            call.Engine.Do("POST", $"/networks/{Query.Segment(call.Arguments[0])}/disconnect", bytes.WrittenSpan);
            return 0;
        },
    };
}
