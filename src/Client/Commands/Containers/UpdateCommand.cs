using System.Buffers;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Commands.Containers.Creation;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth update</c>.</summary>
internal static class UpdateCommand
{
    private static readonly ValueOption<long> KernelMemory = Opt.Hidden("kernel-memory", "Refused: kernels have no such limit any more");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Change limits and restart policy of containers, while they run or not",
        Examples =
        [
            "berth update --memory 1g --memory-swap 2g db # More memory, at once",
            "berth update --restart unless-stopped $(berth ps -q) # All that run come back after a reboot",
        ],
        Options =
        [
            ContainerOptions.BlkioWeight, ContainerOptions.CpuPeriod, ContainerOptions.CpuQuota, ContainerOptions.CpuRtPeriod, ContainerOptions.CpuRtRuntime,
            ContainerOptions.CpuShares, ContainerOptions.Cpus, ContainerOptions.CpusetCpus, ContainerOptions.CpusetMems, KernelMemory, ContainerOptions.Memory,
            ContainerOptions.MemoryReservation, ContainerOptions.MemorySwap, ContainerOptions.PidsLimit, ContainerOptions.Restart,
        ],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        if (!call.Command.Options.Any(call.IsSet))
        {
            throw new CommandFailedException("you must provide one or more flags when using this command");
        }

        if (call.IsSet(KernelMemory))
        {
            throw new CommandFailedException("--kernel-memory is not supported: kernels have no such limit any more");
        }

        var body = Body(call);
        var warnings = new List<string>();
        var exitCode = call.ForEachArgument(name =>
        {
            using var reply = call.Engine.Send("POST", $"/containers/{Query.Segment(name)}/update", body.Span);
            warnings.AddRange(reply.ReadJson().Texts("Warnings"));
            call.Out.WriteLine(name);
        });
        warnings.ForEach(call.Out.WriteLine);
        return exitCode;
    }

    private static ReadOnlyMemory<byte> Body(Invocation call)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            WriteNumber(json, "BlkioWeight", call.Get(ContainerOptions.BlkioWeight));
            WriteNumber(json, "CpuShares", call.Get(ContainerOptions.CpuShares));
            WriteNumber(json, "CpuPeriod", call.Get(ContainerOptions.CpuPeriod));
            WriteNumber(json, "CpuQuota", call.Get(ContainerOptions.CpuQuota));
            WriteNumber(json, "CpuRealtimePeriod", call.Get(ContainerOptions.CpuRtPeriod));
            WriteNumber(json, "CpuRealtimeRuntime", call.Get(ContainerOptions.CpuRtRuntime));
            WriteNumber(json, "NanoCpus", call.Get(ContainerOptions.Cpus));
            WriteNumber(json, "Memory", call.Get(ContainerOptions.Memory));
            WriteNumber(json, "MemoryReservation", call.Get(ContainerOptions.MemoryReservation));
            WriteNumber(json, "MemorySwap", call.Get(ContainerOptions.MemorySwap));
            WriteNumber(json, "PidsLimit", call.Get(ContainerOptions.PidsLimit));
            WriteText(json, "CpusetCpus", call.Get(ContainerOptions.CpusetCpus));
            WriteText(json, "CpusetMems", call.Get(ContainerOptions.CpusetMems));
            if (call.Get(ContainerOptions.Restart) is { Length: > 0 } policy)
            {
                RestartPolicyText.Write(json, policy);
            }

            json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }
}
