using Berth.Shared.Cgroups.Devices;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Shared.Tests.Cgroups;

public sealed class DeviceRuleTests
{
    private static readonly (DeviceKind Kind, uint Major, uint Minor)[] s_devices =
    [
        (DeviceKind.Character, 1, 3), (DeviceKind.Character, 1, 11), (DeviceKind.Character, 136, 0), (DeviceKind.Character, 136, 7),
        (DeviceKind.Character, 10, 229), (DeviceKind.Block, 1, 3), (DeviceKind.Block, 8, 0),
    ];

    private static DeviceRule[] Rules(params OciDeviceRule[] rules) => [.. rules.Select(DeviceRule.Parse)];

    [Fact]
    public void Assemble_StandardRules_DecideAsDocker()
    {
        var program = DeviceProgram.Assemble(Rules(DeviceRules.Standard));

        Assert.True(Run(program, DeviceAccess.Read | DeviceAccess.Write, DeviceKind.Character, 1, 3));
        Assert.True(Run(program, DeviceAccess.All, DeviceKind.Character, 136, 42));
        Assert.True(Run(program, DeviceAccess.Mknod, DeviceKind.Block, 8, 0));
        Assert.False(Run(program, DeviceAccess.Read, DeviceKind.Block, 8, 0));
        Assert.False(Run(program, DeviceAccess.Read, DeviceKind.Character, 1, 11));
        Assert.False(Run(program, DeviceAccess.Read | DeviceAccess.Mknod, DeviceKind.Character, 10, 229));
    }

    [Fact]
    public void Assemble_RandomRules_DecideByTheLastThatNames()
    {
        var random = new Random(7);
        for (var round = 0; round < 500; round++)
        {
            var rules = Enumerable.Range(0, random.Next(1, 9)).Select(_ => new DeviceRule(
                random.Next(2) == 0,
                (DeviceKind)random.Next(3),
                random.Next(2) == 0 ? null : s_devices[random.Next(s_devices.Length)].Major,
                random.Next(2) == 0 ? null : s_devices[random.Next(s_devices.Length)].Minor,
                (DeviceAccess)random.Next(1, 8))).ToArray();
            var program = DeviceProgram.Assemble(rules);
            foreach (var (kind, major, minor) in s_devices)
            {
                for (var access = 1; access < 8; access++)
                {
                    Assert.Equal(Decide(rules, (DeviceAccess)access, kind, major, minor), Run(program, (DeviceAccess)access, kind, major, minor));
                }
            }
        }
    }

    [Fact]
    public void From_WideThenNarrow_KeepsExceptions()
    {
        var exceptions = DeviceExceptions.From(Rules(
            new() { Allow = false, Access = "rwm" },
            new() { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "rw" },
            new() { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "m" },
            new() { Allow = false, Type = "c", Major = 10, Minor = 229, Access = "rwm" }));

        Assert.False(exceptions.AllowsByDefault);
        Assert.Equal(DeviceAccess.All, Assert.Single(exceptions.All).Value);
    }

    [Fact]
    public void From_DenyAfterAllow_TakesBack()
        => Assert.Empty(DeviceExceptions.From(Rules(
            new() { Allow = false, Access = "rwm" },
            new() { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "rw" },
            new() { Allow = false, Type = "c", Major = 1, Access = "rwm" })).All);

    [Fact]
    public void From_HoleInAWideRule_IsInvalid()
        => Assert.Throws<EngineException>(() => DeviceExceptions.From(Rules(
            new() { Allow = false, Access = "rwm" },
            new() { Allow = true, Type = "c", Major = 136, Access = "rwm" },
            new() { Allow = false, Type = "c", Major = 136, Minor = 1, Access = "rwm" })));

    [Theory]
    [InlineData("x", 1L, "rwm")]
    [InlineData("c", -2L, "rwm")]
    [InlineData("c", 5_000_000_000L, "rwm")]
    [InlineData("c", 1L, "rwx")]
    public void Parse_Nonsense_IsInvalid(string type, long major, string access)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => DeviceRule.Parse(new OciDeviceRule { Type = type, Major = major, Access = access })).Kind);

    [Fact]
    public void Parse_DevicesList_ReadsBack()
    {
        var exceptions = DeviceExceptions.Parse("c *:* m\nb 8:0 rw\n");

        Assert.Equal(DeviceAccess.Mknod, exceptions.All[(DeviceKind.Character, null, null)]);
        Assert.Equal(DeviceAccess.Read | DeviceAccess.Write, exceptions.All[(DeviceKind.Block, 8, 0)]);
    }

    private static bool Decide(DeviceRule[] rules, DeviceAccess access, DeviceKind kind, uint major, uint minor)
    {
        foreach (var bit in (DeviceAccess[])[DeviceAccess.Mknod, DeviceAccess.Read, DeviceAccess.Write])
        {
            if ((access & bit) != 0)
            {
                var last = rules.LastOrDefault(rule => (rule.Access & bit) != 0
                    && (rule.Kind == DeviceKind.Any || rule.Kind == kind)
                    && (rule.Major is null || rule.Major == major)
                    && (rule.Minor is null || rule.Minor == minor));
                if (!last.Allow)
                {
                    return false; // the default of the struct too: nothing names it
                }
            }
        }

        return true;
    }

    /// <summary>The few eBPF instructions that the program uses.</summary>
    private static bool Run(DeviceProgram.Instruction[] program, DeviceAccess access, DeviceKind kind, uint major, uint minor)
    {
        var registers = new ulong[11];
        uint[] context = [((uint)access << 16) | (uint)kind, major, minor];
        for (var at = 0; ; at++)
        {
            var instruction = program[at];
            ref var destination = ref registers[instruction.Registers & 15];
            var source = registers[instruction.Registers >> 4];
            switch (instruction.Code)
            {
                case 0x61: destination = context[instruction.Offset / 4]; break;
                case 0x57: destination &= (ulong)(long)instruction.Immediate; break;
                case 0x77: destination >>= instruction.Immediate; break;
                case 0xbf: destination = source; break;
                case 0xb7: destination = (ulong)(long)instruction.Immediate; break;
                case 0x55: at += destination != (ulong)(long)instruction.Immediate ? instruction.Offset : 0; break;
                case 0x15: at += destination == (ulong)(long)instruction.Immediate ? instruction.Offset : 0; break;
                case 0x95: return registers[0] == 1;
                default: throw new InvalidOperationException($"code {instruction.Code:x}");
            }
        }
    }
}
