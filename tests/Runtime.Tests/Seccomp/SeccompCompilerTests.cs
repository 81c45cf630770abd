using System.Runtime.InteropServices;
using Berth.Runtime.Security.Seccomp;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.Seccomp;

namespace Berth.Runtime.Tests.Seccomp;

public sealed class SeccompCompilerTests
{
    private const uint X86_64 = 0xC000_003E, X86 = 0x4000_0003, Arm64 = 0xC000_00B7, Arm = 0x4000_0028;
    private const uint Allow = 0x7fff_0000, Eperm = 0x0005_0001, Enosys = 0x0005_0026, KillProcess = 0x8000_0000;

    private static readonly ulong[] s_noArguments = [0, 0, 0, 0, 0, 0];

    private static readonly string[] s_operators = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"];

    private static readonly ulong[] s_values = [0, 1, 2, 38, 40, 0x20000, 0x7E02_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 0xffff_ffff_ffff_ffff];

    [Theory]
    [InlineData("read", Allow)]
    [InlineData("mount", Eperm)]
    [InlineData("unshare", Eperm)]
    [InlineData("keyctl", Eperm)]
    [InlineData("clone3", Enosys)]
    [InlineData("ptrace", Allow)]
    public void Compile_DefaultProfile_Decides(string name, uint verdict)
    {
        var program = Compile(DefaultSeccompProfile.For(new HashSet<string>(), machine: Architecture.X64));

        foreach (var (architecture, audit) in ((SeccompArchitecture, uint)[])[(SeccompArchitecture.X86_64, X86_64), (SeccompArchitecture.X86, X86), (SeccompArchitecture.X32, X86_64)])
        {
            Assert.Equal(verdict, SeccompMachine.Run(program, new SeccompCall(SyscallTable.Find(name, architecture)!.Value, audit, s_noArguments)));
        }
    }

    [Fact]
    public void Compile_DefaultProfile_LooksAtArguments()
    {
        var program = Compile(DefaultSeccompProfile.For(new HashSet<string>(), machine: Architecture.X64));

        uint Verdict(string name, params ulong[] arguments) => SeccompMachine.Run(
            program, new SeccompCall(SyscallTable.Find(name, SeccompArchitecture.X86_64)!.Value, X86_64, [.. arguments, .. s_noArguments[arguments.Length..]]));

        for (ulong family = 0; family < 50; family++)
        {
            Assert.Equal(family is 38 or 40 ? Eperm : Allow, Verdict("socket", family));
        }

        Assert.Equal(Allow, Verdict("clone", 0x1200011));
        Assert.Equal(Eperm, Verdict("clone", 0x1000_0000));
        Assert.Equal(Eperm, Verdict("clone", 0x0002_0011));
        Assert.Equal(Allow, Verdict("personality", 0xffffffff));
        Assert.Equal(Eperm, Verdict("personality", 0x40000));
        Assert.Equal(Eperm, Verdict("personality", 0x1_0000_0000));
    }

    [Fact]
    public void Compile_Arm64_KnowsBothSets()
    {
        var program = SeccompCompiler.Compile(DefaultSeccompProfile.For(new HashSet<string>(), machine: Architecture.Arm64), SeccompArchitecture.Arm64).Instructions;

        Assert.Equal(Allow, SeccompMachine.Run(program, new SeccompCall(63, Arm64, s_noArguments))); // read
        Assert.Equal(Allow, SeccompMachine.Run(program, new SeccompCall(3, Arm, s_noArguments))); // read
        Assert.Equal(Allow, SeccompMachine.Run(program, new SeccompCall(0xF0002, Arm, s_noArguments))); // cacheflush
        Assert.Equal(Eperm, SeccompMachine.Run(program, new SeccompCall(40, Arm64, s_noArguments))); // mount
        Assert.Equal(KillProcess, SeccompMachine.Run(program, new SeccompCall(0, X86_64, s_noArguments)));
    }

    [Fact]
    public void Compile_ArchitectureNotListed_Kills()
    {
        var program = Compile(new OciSeccomp { DefaultAction = "SCMP_ACT_ALLOW", Architectures = ["SCMP_ARCH_X86_64"], Syscalls = [Rule("SCMP_ACT_ERRNO", "mount")] });

        Assert.Equal(Allow, SeccompMachine.Run(program, new SeccompCall(0, X86_64, s_noArguments)));
        Assert.Equal(Allow, SeccompMachine.Run(program, new SeccompCall(uint.MaxValue, X86_64, s_noArguments)));
        Assert.Equal(KillProcess, SeccompMachine.Run(program, new SeccompCall(3, X86, s_noArguments)));
        Assert.Equal(KillProcess, SeccompMachine.Run(program, new SeccompCall(0x4000_0000, X86_64, s_noArguments)));
    }

    [Fact]
    public void Compile_CallNewerThanTheProfile_IsEnosysWhereOthersAreDenied()
    {
        var denying = Compile(new OciSeccomp { DefaultAction = "SCMP_ACT_ERRNO", Syscalls = [Rule("SCMP_ACT_ALLOW", "openat2")] });
        var allowing = Compile(new OciSeccomp { DefaultAction = "SCMP_ACT_LOG", Syscalls = [Rule("SCMP_ACT_ALLOW", "openat2")] });

        Assert.Equal(Eperm, SeccompMachine.Run(denying, new SeccompCall(436, X86_64, s_noArguments)));
        Assert.Equal(Enosys, SeccompMachine.Run(denying, new SeccompCall(438, X86_64, s_noArguments)));
        Assert.Equal(0x7ffc_0000U, SeccompMachine.Run(allowing, new SeccompCall(438, X86_64, s_noArguments)));
    }

    [Fact]
    public void Compile_RandomProfiles_DecideAsTheRulesSay()
    {
        var random = new Random(20);
        for (var round = 0; round < 12; round++)
        {
            var profile = RandomProfile(random, overlapping: true);
            var program = Compile(profile);
            Verify(program);
            foreach (var call in Calls(random, profile))
            {
                Assert.Equal(Reference(profile, call), SeccompMachine.Run(program, call));
            }
        }
    }

    [Fact]
    public void Compile_RandomProfiles_DecideAsLibseccomp()
    {
        Assert.SkipUnless(Libseccomp.IsThere, "needs libseccomp2 to compare with");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "needs x86-64: libseccomp adds the native architecture");
        var random = new Random(21);
        var compared = 0;
        for (var round = 0; round < 60; round++)
        {
            var profile = RandomProfile(random, overlapping: false);
            if (Libseccomp.Compile(profile) is { } theirs)
            {
                compared += Compare(profile, theirs, random);
            }
        }

        Assert.True(compared > 30_000, $"{compared} calls compared");
    }

    [Theory]
    [InlineData]
    [InlineData("CAP_SYS_ADMIN")]
    [InlineData("CAP_SYS_PTRACE", "CAP_SYS_TIME", "CAP_BPF", "CAP_SYS_CHROOT")]
    public void Compile_DefaultProfile_DecidesAsLibseccomp(params string[] capabilities)
    {
        Assert.SkipUnless(Libseccomp.IsThere, "needs libseccomp2 to compare with");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "needs x86-64: libseccomp adds the native architecture");
        var profile = DefaultSeccompProfile.For(capabilities.ToHashSet());
        var theirs = Libseccomp.Compile(profile);

        Assert.NotNull(theirs);
        Assert.True(Compare(profile, theirs, new Random(22)) > 1000);
        Assert.True(Compile(profile).Length < theirs.Length);
    }

    [Fact]
    public void Compile_DefaultProfile_IsShortAndShallow()
    {
        var program = Compile(DefaultSeccompProfile.For(new HashSet<string>(), machine: Architecture.X64));

        Verify(program);
        Assert.InRange(program.Length, 50, 500);
    }

    [Fact]
    public void Compile_EverythingDifferent_ReachesFarTargets()
    {
        // A verdict of its own for each call makes a program whose jumps are longer than a byte can say.
        var names = Enumerable.Range(0, 400).Select(Name).OfType<string>().ToArray();
        var profile = new OciSeccomp
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Architectures = ["SCMP_ARCH_X86"],
            Syscalls = [.. names.Select((name, i) => new OciSyscallRule { Names = [name], Action = "SCMP_ACT_ERRNO", ErrnoRet = (uint)i + 1, Args = [new OciSyscallArgument(0, 5, null, "SCMP_CMP_GT")] })],
        };
        var program = Compile(profile);

        Verify(program);
        for (var i = 0; i < names.Length; i++)
        {
            var call = new SeccompCall(SyscallTable.Find(names[i], SeccompArchitecture.X86_64)!.Value, X86_64, [6, 0, 0, 0, 0, 0]);
            Assert.Equal(0x0005_0000U + (uint)i + 1, SeccompMachine.Run(program, call));
            Assert.Equal(Allow, SeccompMachine.Run(program, call with { Arguments = s_noArguments }));
        }

        static string? Name(int number) => Names.Value.FirstOrDefault(name => SyscallTable.Find(name, SeccompArchitecture.X86_64) == (uint)number);
    }

    [Theory]
    [InlineData("SCMP_ACT_MAYBE", "SCMP_ARCH_X86", "SCMP_CMP_EQ", 0U, null)]
    [InlineData("SCMP_ACT_ALLOW", "SCMP_ARCH_VAX", "SCMP_CMP_EQ", 0U, null)]
    [InlineData("SCMP_ACT_ALLOW", "SCMP_ARCH_X86", "SCMP_CMP_LIKE", 0U, null)]
    [InlineData("SCMP_ACT_ALLOW", "SCMP_ARCH_X86", "SCMP_CMP_EQ", 6U, null)]
    [InlineData("SCMP_ACT_ALLOW", "SCMP_ARCH_X86", "SCMP_CMP_EQ", 0U, "SECCOMP_FILTER_FLAG_X")]
    public void Compile_Nonsense_IsInvalid(string action, string architecture, string comparison, uint index, string? flag)
    {
        var profile = new OciSeccomp
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            Architectures = [architecture],
            Flags = flag is null ? null : [flag],
            Syscalls = [new OciSyscallRule { Names = ["read"], Action = action, Args = [new OciSyscallArgument(index, 1, null, comparison)] }],
        };

        Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => SeccompCompiler.Compile(profile, SeccompArchitecture.X86_64)).Kind);
    }

    [Fact]
    public void Compile_Notify_IsRefusedAloud()
        => Assert.Equal(ErrorKind.NotImplemented, Assert.Throws<EngineException>(() => Compile(new OciSeccomp
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            ListenerPath = "/run/listener",
            Syscalls = [Rule("SCMP_ACT_NOTIFY", "mount")],
        })).Kind);

    [Fact]
    public void Compile_Flags_AreTheKernelsNumbers()
    {
        var profile = new OciSeccomp { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [] };

        Assert.Equal(4U, SeccompCompiler.Compile(profile, SeccompArchitecture.X86_64).Flags);
        Assert.Equal(0U, SeccompCompiler.Compile(profile with { Flags = [] }, SeccompArchitecture.X86_64).Flags);
        Assert.Equal(2U, SeccompCompiler.Compile(profile with { Flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"] }, SeccompArchitecture.X86_64).Flags);
    }

    [Fact]
    public void Compile_ForeignArchitectureAndUnknownCall_AreSkipped()
        => Assert.Equal(Allow, SeccompMachine.Run(
            Compile(new OciSeccomp { DefaultAction = "SCMP_ACT_ERRNO", Architectures = ["SCMP_ARCH_S390X"], Syscalls = [Rule("SCMP_ACT_ALLOW", "no_such_call", "read")] }),
            new SeccompCall(0, X86_64, s_noArguments)));

    [Fact]
    public void Find_EveryName_IsInOrder() => Assert.Equal(Names.Value.Order(StringComparer.Ordinal), Names.Value);

    private static readonly Lazy<string[]> Names = new(() => (string[])typeof(SyscallTable)
        .GetField("s_names", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetValue(null)!);

    private static BpfInstruction[] Compile(OciSeccomp profile) => SeccompCompiler.Compile(profile, SeccompArchitecture.X86_64).Instructions;

    private static OciSyscallRule Rule(string action, params string[] names) => new() { Names = names, Action = action };

    private static OciSeccomp RandomProfile(Random random, bool overlapping)
    {
        string[] actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];
        var rules = new List<OciSyscallRule>();
        var free = Names.Value.Where(name => overlapping || SyscallTable.FindDoor(name, SeccompArchitecture.X86) is null).ToList();
        for (var i = random.Next(1, 60); i > 0; i--)
        {
            var names = Enumerable.Range(0, random.Next(1, 12)).Select(_ => free[random.Next(free.Count)]).Distinct().ToArray();
            if (!overlapping)
            {
                free.RemoveAll(names.Contains);
            }

            var arguments = Enumerable.Range(0, random.Next(3) == 0 ? random.Next(1, 4) : 0).Select(_ =>
            {
                var operation = s_operators[random.Next(s_operators.Length)];
                var value = s_values[random.Next(s_values.Length)];
                return new OciSyscallArgument((uint)random.Next(6), value, operation == "SCMP_CMP_MASKED_EQ" ? s_values[random.Next(s_values.Length)] & value : null, operation);
            }).ToArray();
            if (!overlapping)
            {
                // The library joins alternatives on one argument into one tree and gets some of them wrong (2.5.4: x >= 2^32 or x <= 2^31 allows 2^32 - 2).
                arguments = [.. arguments.DistinctBy(argument => argument.Index)];
            }

            rules.Add(new OciSyscallRule
            {
                Names = names,
                Action = actions[random.Next(actions.Length)],
                ErrnoRet = (uint)random.Next(1, 50),
                Args = arguments.Length > 0 ? arguments : null,
            });
        }

        string[] architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
        return new OciSeccomp
        {
            DefaultAction = actions[random.Next(actions.Length)],
            DefaultErrnoRet = 1,
            Architectures = architectures[..random.Next(1, 4)],
            Syscalls = [.. rules],
        };
    }

    /// <summary>Every number there is and some beyond, with arguments near those that rules name.</summary>
    private static IEnumerable<SeccompCall> Calls(Random random, OciSeccomp profile)
    {
        foreach (var audit in (uint[])[X86_64, X86])
        {
            for (uint number = 0; number < 560; number++)
            {
                for (var i = 0; i < 2; i++)
                {
                    yield return new SeccompCall(number, audit, Arguments(random, audit));
                    if (audit == X86_64 && profile.Architectures!.Contains("SCMP_ARCH_X32"))
                    {
                        yield return new SeccompCall(number | 0x4000_0000, audit, Arguments(random, audit));
                    }
                }
            }
        }
    }

    private static ulong[] Arguments(Random random, uint audit)
    {
        var arguments = Enumerable.Range(0, 6).Select(_ => s_values[random.Next(s_values.Length)]);
        return [.. audit == X86 ? arguments.Select(value => value & uint.MaxValue) : arguments];
    }

    private static int Compare(OciSeccomp profile, BpfInstruction[] theirs, Random random)
    {
        var ours = Compile(profile);
        var compared = 0;
        foreach (var call in Calls(random, profile))
        {
            var expected = SeccompMachine.Run(theirs, call);
            var actual = SeccompMachine.Run(ours, call);
            if (actual != expected)
            {
                // Four differences are meant: newer calls get ENOSYS, foreign programs end as a whole, our table knows more calls,
                // and we compare all 64 bits of x32's arguments, since its registers have them.
                var conditionalX32 = call.Architecture == X86_64 && call.Number >= 0x4000_0000
                    && profile.Syscalls!.Any(rule => rule.Args is not null && rule.Names.Any(name => SyscallTable.Find(name, SeccompArchitecture.X32) == call.Number));
                if (actual == Enosys || (actual == KillProcess && expected == 0) || IsNewerThanLibrary(call.Number & 0x3fff_ffff) || conditionalX32)
                {
                    continue;
                }

                Assert.Fail($"call {call.Number} of {call.Architecture:x} with {string.Join(' ', call.Arguments.Select(a => $"{a:x}"))}: {actual:x}, libseccomp {expected:x}\n{System.Text.Json.JsonSerializer.Serialize(profile.Syscalls!.Where(rule => rule.Names.Any(name => Enum.GetValues<SeccompArchitecture>().Any(a => SyscallTable.Find(name, a) == call.Number))))}");
            }

            compared++;
        }

        return compared;
    }

    private static bool IsNewerThanLibrary(uint number) => number is >= 451 or 335 or 336;

    /// <summary>The rules read in the plainest way, one call at a time.</summary>
    private static uint Reference(OciSeccomp profile, SeccompCall call)
    {
        var x32 = call.Architecture == X86_64 && call.Number >= 0x4000_0000;
        var architecture = call.Architecture == X86 ? SeccompArchitecture.X86 : x32 ? SeccompArchitecture.X32 : SeccompArchitecture.X86_64;
        var name = $"SCMP_ARCH_{architecture.ToString().ToUpperInvariant()}";
        if (architecture != SeccompArchitecture.X86_64 && !profile.Architectures!.Contains(name))
        {
            return KillProcess;
        }

        var otherwise = SeccompAction.Parse(profile.DefaultAction, profile.DefaultErrnoRet);
        var numbers = profile.Syscalls!.SelectMany(rule => rule.Names, (rule, call) => (rule, call)).Select(pair => SyscallTable.Find(pair.call, architecture))
            .Concat(profile.Syscalls!.Where(rule => rule.Args is null).SelectMany(rule => rule.Names).Select(door => SyscallTable.FindDoor(door, architecture)?.Door)).ToArray();
        if (numbers.Any(number => number is not null) && call.Number > numbers.Max() && SeccompAction.Denies(otherwise))
        {
            return Enosys;
        }

        uint? conditional = null;
        foreach (var rule in profile.Syscalls!)
        {
            var action = SeccompAction.Parse(rule.Action, rule.ErrnoRet);
            foreach (var callName in action == otherwise ? [] : rule.Names)
            {
                if (SyscallTable.Find(callName, architecture) == call.Number)
                {
                    if (rule.Args is null)
                    {
                        return action;
                    }

                    var results = rule.Args.Select(argument => Holds(argument, call)).ToArray();
                    var any = rule.Args.DistinctBy(argument => argument.Index).Count() != rule.Args.Length;
                    conditional ??= (any ? results.Any(result => result) : results.All(result => result)) ? action : null;
                }

                if (rule.Args is null && SyscallTable.FindDoor(callName, architecture) is { } door && door.Door == call.Number && (uint)call.Arguments[0] == door.Call)
                {
                    conditional ??= action;
                }
            }
        }

        return conditional ?? otherwise;
    }

    private static bool Holds(OciSyscallArgument argument, SeccompCall call)
    {
        var width = call.Architecture == X86 ? uint.MaxValue : ulong.MaxValue;
        var actual = call.Arguments[argument.Index];
        var value = argument.Value & width;
        return argument.Op switch
        {
            "SCMP_CMP_NE" => actual != value,
            "SCMP_CMP_LT" => actual < value,
            "SCMP_CMP_LE" => actual <= value,
            "SCMP_CMP_EQ" => actual == value,
            "SCMP_CMP_GE" => actual >= value,
            "SCMP_CMP_GT" => actual > value,
            _ => (actual & value) == (argument.ValueTwo & width),
        };
    }

    /// <summary>What the kernel demands of a filter: known codes, jumps that stay inside, and a return at every end.</summary>
    private static void Verify(BpfInstruction[] program)
    {
        Assert.InRange(program.Length, 1, 4096);
        for (var at = 0; at < program.Length; at++)
        {
            var instruction = program[at];
            var furthest = instruction.Code switch
            {
                0x06 => at,
                0x05 => at + 1 + (int)instruction.K,
                0x15 or 0x25 or 0x35 => at + 1 + Math.Max(instruction.JumpTrue, instruction.JumpFalse),
                0x20 or 0x54 => at + 1,
                _ => throw new InvalidOperationException($"code {instruction.Code:x}"),
            };
            Assert.True(furthest < program.Length, $"instruction {at} leaves the program");
        }
    }
}
