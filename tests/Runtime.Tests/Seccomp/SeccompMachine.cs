using Berth.Runtime.Security.Seccomp;

namespace Berth.Runtime.Tests.Seccomp;

/// <summary>struct seccomp_data.</summary>
internal readonly record struct SeccompCall(uint Number, uint Architecture, ulong[] Arguments);

/// <summary>A classic BPF machine with what seccomp filters may use; it also checks what the kernel's verifier would.</summary>
internal static class SeccompMachine
{
    public static uint Run(IReadOnlyList<BpfInstruction> program, SeccompCall call)
    {
        uint accumulator = 0, index = 0;
        var memory = new uint[16];
        for (var at = 0; ; at++)
        {
            var instruction = program[at];
            switch (instruction.Code)
            {
                case 0x20: accumulator = Load(call, instruction.K); break;
                case 0x00: accumulator = instruction.K; break;
                case 0x01: index = instruction.K; break;
                case 0x60: accumulator = memory[instruction.K]; break;
                case 0x61: index = memory[instruction.K]; break;
                case 0x02: memory[instruction.K] = accumulator; break;
                case 0x03: memory[instruction.K] = index; break;
                case 0x07: index = accumulator; break;
                case 0x87: accumulator = index; break;
                case 0x54: accumulator &= instruction.K; break;
                case 0x05: at += (int)instruction.K; break;
                case 0x15: at += accumulator == instruction.K ? instruction.JumpTrue : instruction.JumpFalse; break;
                case 0x25: at += accumulator > instruction.K ? instruction.JumpTrue : instruction.JumpFalse; break;
                case 0x35: at += accumulator >= instruction.K ? instruction.JumpTrue : instruction.JumpFalse; break;
                case 0x45: at += (accumulator & instruction.K) != 0 ? instruction.JumpTrue : instruction.JumpFalse; break;
                case 0x06: return instruction.K;
                default: throw new InvalidOperationException($"code {instruction.Code:x} at {at}");
            }
        }
    }

    private static uint Load(SeccompCall call, uint offset) => offset switch
    {
        0 => call.Number,
        4 => call.Architecture,
        >= 16 and < 64 when offset % 4 == 0 => (uint)(call.Arguments[(offset - 16) / 8] >> ((offset & 4) != 0 ? 32 : 0)),
        _ => throw new InvalidOperationException($"load at {offset}"),
    };
}
