namespace Berth.Runtime.Security.Seccomp;

/// <summary>Where a jump goes: an instruction that is there already, or a verdict.</summary>
internal readonly record struct BpfTarget(int Position, uint Verdict)
{
    /// <summary>Verdicts have no position: the assembler puts one where a jump can reach it.</summary>
    public bool IsVerdict => Position < 0;

    public static BpfTarget Return(uint verdict) => new(-1, verdict);
}

/// <summary>Writes classic BPF from its end to its beginning: jumps go forward only, so whatever is jumped to exists already.</summary>
/// <remarks>Conditional jumps reach 255 instructions; for what is further away a copy of the verdict, or a long jump, is put in between.</remarks>
internal sealed class BpfAssembler
{
    // linux/bpf_common.h: class | size | mode, class | operation | source.
    private const ushort LoadAbsolute = 0x20, AndConstant = 0x54, Jump = 0x05, ReturnConstant = 0x06;
    internal const ushort JumpEqual = 0x15, JumpGreater = 0x25, JumpGreaterOrEqual = 0x35;

    /// <summary>255, less the two instructions that making both targets reachable can add.</summary>
    private const int Reach = 253;

    private readonly List<BpfInstruction> _reversed = new(512);
    private readonly List<(uint Verdict, int Position)> _verdicts = []; // the last copy of each: a handful

    public BpfInstruction[] Finish()
    {
        var program = _reversed.ToArray();
        Array.Reverse(program);
        return program;
    }

    /// <summary>Compares the accumulator with <paramref name="value"/>; one of the Jump… codes.</summary>
    public BpfTarget Branch(ushort code, uint value, BpfTarget ifTrue, BpfTarget ifFalse)
    {
        if (ifTrue == ifFalse)
        {
            return ifTrue;
        }

        var trueAt = MakeReachable(ifTrue);
        var falseAt = MakeReachable(ifFalse);
        var here = _reversed.Count;
        return Add(new BpfInstruction(code, (byte)(here - trueAt - 1), (byte)(here - falseAt - 1), value));
    }

    /// <summary>Loads 32 bits of struct seccomp_data into the accumulator and goes on with <paramref name="next"/>.</summary>
    public BpfTarget Load(uint offset, BpfTarget next)
    {
        Precede(next);
        return Add(new BpfInstruction(LoadAbsolute, 0, 0, offset));
    }

    public BpfTarget And(uint mask, BpfTarget next)
    {
        Precede(next);
        return Add(new BpfInstruction(AndConstant, 0, 0, mask));
    }

    /// <summary>Makes <paramref name="next"/> what follows an instruction that doesn't jump.</summary>
    private void Precede(BpfTarget next)
    {
        if (next.IsVerdict)
        {
            AddVerdict(next.Verdict);
        }
        else if (next.Position != _reversed.Count - 1)
        {
            Add(new BpfInstruction(Jump, 0, 0, (uint)(_reversed.Count - next.Position - 1)));
        }
    }

    private int MakeReachable(BpfTarget target)
    {
        if (target.IsVerdict)
        {
            return FindVerdict(target.Verdict) is >= 0 and var known && _reversed.Count - known <= Reach ? known : AddVerdict(target.Verdict);
        }

        return _reversed.Count - target.Position <= Reach
            ? target.Position
            : Add(new BpfInstruction(Jump, 0, 0, (uint)(_reversed.Count - target.Position - 1))).Position;
    }

    private int FindVerdict(uint verdict)
    {
        foreach (var known in _verdicts)
        {
            if (known.Verdict == verdict)
            {
                return known.Position;
            }
        }

        return -1;
    }

    private int AddVerdict(uint verdict)
    {
        var position = Add(new BpfInstruction(ReturnConstant, 0, 0, verdict)).Position;
        _verdicts.RemoveAll(known => known.Verdict == verdict);
        _verdicts.Add((verdict, position));
        return position;
    }

    private BpfTarget Add(BpfInstruction instruction)
    {
        _reversed.Add(instruction);
        return new BpfTarget(_reversed.Count - 1, 0);
    }
}
