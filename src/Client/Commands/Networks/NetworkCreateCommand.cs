using System.Buffers;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Output;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network create</c>.</summary>
internal static class NetworkCreateCommand
{
    private static readonly Switch Attachable = Opt.Switch("attachable", "Say that containers may be connected by hand; every network here allows it");
    private static readonly ListOption AuxAddress = Opt.List("aux-address", "Keep an address of a subnet for something else, as name=address", CheckPair);
    private static readonly ValueOption<string> ConfigFrom = Opt.Text("config-from", "Take the configuration of this network");
    private static readonly Switch ConfigOnly = Opt.Switch("config-only", "Keep a configuration only, for other networks to take");
    private static readonly ValueOption<string> Driver = new("driver", 'd', "What makes the network", static text => text) { Completes = Completes.Choices, Choices = ["bridge", "macvlan", "ipvlan"], DefaultText = "bridge" };
    private static readonly ListOption Gateway = Opt.List("gateway", "Address of the gateway of a subnet");
    private static readonly Switch Ingress = new("ingress", Opt.NoLetter, "Refused: clusters have such networks") { IsHidden = true };
    private static readonly Switch Internal = Opt.Switch("internal", "Let no packet out of the network, nor into it");
    private static readonly ListOption IpRange = Opt.List("ip-range", "Give containers addresses of this part of a subnet only");
    private static readonly ValueOption<string> IpamDriver = new("ipam-driver", Opt.NoLetter, "What gives out addresses", static text => text) { DefaultText = "default" };
    private static readonly ListOption IpamOpt = Opt.List("ipam-opt", "Set an option of what gives out addresses, as key=value");
    private static readonly Switch Ipv4 = new("ipv4", Opt.NoLetter, "Give containers IPv4 addresses") { Default = true, DefaultText = "true" };
    private static readonly Switch Ipv6 = Opt.Switch("ipv6", "Give containers IPv6 addresses");
    private static readonly ListOption Label = Opt.List("label", "Set a label, as key=value");
    private static readonly ListOption DriverOption = Opt.List("opt", 'o', "Set an option of the driver, as key=value");
    private static readonly ValueOption<string> Scope = new("scope", Opt.NoLetter, "How far the network reaches: local", static text => text) { IsHidden = true };
    private static readonly ListOption Subnet = Opt.List("subnet", "A subnet, such as 10.5.0.0/24; one for each family of addresses");

    public static CommandSpec Define() => new()
    {
        Operands = "NETWORK",
        Summary = "Make a network",
        Description = "Containers on the same network of this kind find each other by name. Without --subnet the engine chooses one that the host does not use.",
        Examples =
        [
            "berth network create shop # A network whose containers reach each other by name",
            "berth network create --internal back # One without a way out",
            "berth network create --subnet 10.5.0.0/24 --gateway 10.5.0.254 --ip-range 10.5.0.128/25 lab # Addresses of your choice",
            "berth network create --ipv6 --subnet fd00:5::/64 six # IPv6 beside IPv4",
        ],
        Options =
        [
            Attachable, AuxAddress, ConfigFrom, ConfigOnly, Driver, Gateway, Ingress, Internal, IpRange, IpamDriver, IpamOpt, Ipv4, Ipv6, Label,
            DriverOption, Scope, Subnet,
        ],
        Arguments = Arity.Exactly(1),
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var pools = AddressPool.Combine(call.Get(Subnet), call.Get(IpRange), call.Get(Gateway), call.Get(AuxAddress));
        using var reply = call.Engine.Send("POST", "/networks/create", Body(call, pools).Span);
        var created = reply.ReadJson();
        if (created.Text("Warning") is { Length: > 0 } warning)
        {
            call.Err.WriteLine($"WARNING: {warning}");
            call.Err.Flush();
        }

        call.Out.WriteLine(created.Text("Id"));
        return 0;
    }

    private static ReadOnlyMemory<byte> Body(Invocation call, IReadOnlyList<AddressPool> pools)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("Name", call.Arguments[0]);
            json.WriteString("Driver", call.Get(Driver) ?? "bridge");
            if (call.Get(Scope) is { Length: > 0 } scope)
            {
                json.WriteString("Scope", scope);
            }

            // Absent is for the daemon to decide; its own defaults may differ from ours.
            WriteIfSet(json, call, "EnableIPv4", Ipv4);
            WriteIfSet(json, call, "EnableIPv6", Ipv6);
            json.WriteBoolean("Internal", call.Get(Internal));
            json.WriteBoolean("Attachable", call.Get(Attachable));
            json.WriteBoolean("Ingress", call.Get(Ingress));
            json.WriteBoolean("ConfigOnly", call.Get(ConfigOnly));
            if (call.Get(ConfigFrom) is { Length: > 0 } source)
            {
                json.WriteStartObject("ConfigFrom");
                json.WriteString("Network", source);
                json.WriteEndObject();
            }

            json.WriteStartObject("IPAM");
            json.WriteString("Driver", call.Get(IpamDriver) ?? "default");
            KeyValueTexts.Write(json, "Options", call.Get(IpamOpt));
            json.WriteStartArray("Config");
            foreach (var pool in pools)
            {
                pool.Write(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            KeyValueTexts.Write(json, "Options", call.Get(DriverOption));
            KeyValueTexts.Write(json, "Labels", call.Get(Label));
            json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    private static void WriteIfSet(Utf8JsonWriter json, Invocation call, string name, Switch option)
    {
        if (call.IsSet(option))
        {
            json.WriteBoolean(name, call.Get(option));
        }
    }

    private static string CheckPair(string text)
        => text.IndexOf('=', StringComparison.Ordinal) > 0 ? text : throw new FormatException($"\"{text}\" is not of the form name=address");
}
