using Berth.Runtime.Security;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

/// <summary>The five capability sets of one process, a bit per capability.</summary>
internal readonly record struct CapabilityPlan(ulong Bounding, ulong Effective, ulong Permitted, ulong Inheritable, ulong Ambient);

/// <summary>sched_setattr(2)'s struct sched_attr in numbers.</summary>
internal sealed record SchedulerPlan(uint Policy, ulong Flags, int Nice, uint Priority, ulong Runtime, ulong Deadline, ulong Period);

/// <summary>"process" of a configuration, checked.</summary>
internal sealed record ProcessPlan
{
    public required IReadOnlyList<string> Args { get; init; }

    public required IReadOnlyList<string> Env { get; init; }

    public required string Cwd { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    public required uint[] Groups { get; init; }

    public uint Umask { get; init; } = 0x12; // 0022

    public required CapabilityPlan Capabilities { get; init; }

    public required IReadOnlyList<PlannedLimit> Limits { get; init; }

    public bool NoNewPrivileges { get; init; }

    public bool Terminal { get; init; }

    public OciBox? ConsoleSize { get; init; }

    public int? OomScoreAdj { get; init; }

    public SchedulerPlan? Scheduler { get; init; }

    /// <summary>The number for ioprio_set(2).</summary>
    public int? IoPriority { get; init; }

    public string? AppArmorProfile { get; init; }

    /// <summary>What was clamped or is unknown to this kernel.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The paths to try to execute, in this order: args[0] itself, or, if it has no slash, in each directory of the container's PATH.</summary>
    public IReadOnlyList<string> Candidates()
    {
        if (Args[0].Contains('/'))
        {
            return [Args[0]];
        }

        var path = Env.LastOrDefault(e => e.StartsWith("PATH=", StringComparison.Ordinal))?["PATH=".Length..] ?? "";

        // A relative element would mean the working directory, which may be anybody's: as Go's LookPath, which Docker's users know.
        return [.. path.Split(':').Where(d => d.StartsWith('/')).Select(d => $"{d.TrimEnd('/')}/{Args[0]}")];
    }

    /// <param name="inUserNamespace">The process has all capabilities of a user namespace of its own to choose from, whatever the launcher lacks.</param>
    public static ProcessPlan Parse(OciProcess process, bool inUserNamespace)
    {
        var warnings = new List<string>();
        if (process.Args is not { Length: > 0 })
        {
            throw PlanErrors.Invalid("process.args", "no command given");
        }

        if (process.Args[0].Length == 0)
        {
            throw PlanErrors.Invalid("process.args", "the command is an empty string");
        }

        if (!process.Cwd.StartsWith('/'))
        {
            throw PlanErrors.Invalid("process.cwd", $"\"{process.Cwd}\" is not an absolute path");
        }

        foreach (var text in process.Args.Concat(process.Env ?? []).Append(process.Cwd))
        {
            if (text.Contains('\0'))
            {
                throw PlanErrors.Invalid("process", "a text contains a zero byte");
            }
        }

        if (process.SelinuxLabel is { Length: > 0 })
        {
            throw PlanErrors.Unsupported("process.selinuxLabel", "this engine has no SELinux support");
        }

        if (process.ExecCpuAffinity is not null)
        {
            throw PlanErrors.Unsupported("process.execCPUAffinity", "this runtime doesn't have it yet");
        }

        if (process.ConsoleSize is { } size && (size.Height > ushort.MaxValue || size.Width > ushort.MaxValue))
        {
            throw PlanErrors.Invalid("process.consoleSize", $"{size.Height} x {size.Width}: at most {ushort.MaxValue} rows and columns");
        }

        var permitted = Privileges.Permitted();
        return new ProcessPlan
        {
            Args = process.Args,
            Env = process.Env ?? [],
            Cwd = process.Cwd,
            Uid = Id("process.user.uid", process.User.Uid),
            Gid = Id("process.user.gid", process.User.Gid),
            Groups = [.. (process.User.AdditionalGids ?? []).Select(g => Id("process.user.additionalGids", g))],
            Umask = process.User.Umask is { } mask && mask > 0x1FF ? throw PlanErrors.Invalid("process.user.umask", $"{mask} is not within 0777") : process.User.Umask ?? 0x12,
            Capabilities = ParseCapabilities(process.Capabilities, inUserNamespace ? ulong.MaxValue : permitted, warnings),
            Limits = ResourceLimits.Plan(process.Rlimits, (permitted >> CapabilitySet.SysResourceBit & 1) != 0, warnings),
            NoNewPrivileges = process.NoNewPrivileges,
            Terminal = process.Terminal,
            ConsoleSize = process.ConsoleSize,
            OomScoreAdj = process.OomScoreAdj is < -1000 or > 1000
                ? throw PlanErrors.Invalid("process.oomScoreAdj", $"{process.OomScoreAdj} is not within -1000 and 1000") : process.OomScoreAdj,
            Scheduler = ParseScheduler(process.Scheduler),
            IoPriority = ParseIoPriority(process.IoPriority),
            AppArmorProfile = AppArmor.Check(process.ApparmorProfile),
            Warnings = warnings,
        };
    }

    /// <summary>Numbers above 31 bits are refused: tools that read them as signed take them for somebody else, root included.</summary>
    private static uint Id(string field, uint id) => id <= int.MaxValue ? id : throw PlanErrors.Invalid(field, $"{id} is not within 0 and {int.MaxValue}");

    private static CapabilityPlan ParseCapabilities(OciCapabilities? capabilities, ulong available, List<string> warnings)
    {
        var (ownBounding, known) = Privileges.Bounding();
        if (available == ulong.MaxValue)
        {
            ownBounding = ulong.MaxValue;
        }

        var lacking = 0UL;
        var sets = new CapabilityPlan(
            Take(capabilities?.Bounding, ownBounding),
            Take(capabilities?.Effective, available),
            Take(capabilities?.Permitted, available),
            Take(capabilities?.Inheritable, available),
            Take(capabilities?.Ambient, available));
        if (lacking != 0)
        {
            warnings.Add($"The engine itself lacks {CapabilitySet.NamesOf(lacking)} here and can't give them to the process");
        }

        if ((sets.Effective & ~sets.Permitted) != 0)
        {
            throw PlanErrors.Invalid("process.capabilities.effective", $"{CapabilitySet.NamesOf(sets.Effective & ~sets.Permitted)} is not in the permitted set");
        }

        // The kernel raises an ambient capability only if it is permitted and inheritable.
        if ((sets.Ambient & ~(sets.Permitted & sets.Inheritable)) != 0)
        {
            throw PlanErrors.Invalid(
                "process.capabilities.ambient", $"{CapabilitySet.NamesOf(sets.Ambient & ~(sets.Permitted & sets.Inheritable))} is not both permitted and inheritable");
        }

        return sets;

        ulong Take(string[]? names, ulong own)
        {
            var set = 0UL;
            foreach (var name in names ?? [])
            {
                var bit = CapabilitySet.BitOf(name) ?? throw PlanErrors.Invalid("process.capabilities", $"\"{name}\" is no capability");
                if (bit >= known || (own >> bit & 1) == 0)
                {
                    lacking |= 1UL << bit;
                    continue;
                }

                set |= 1UL << bit;
            }

            return set;
        }
    }

    private static SchedulerPlan? ParseScheduler(OciScheduler? scheduler)
    {
        if (scheduler is null)
        {
            return null;
        }

        uint policy = scheduler.Policy switch
        {
            "SCHED_OTHER" => 0,
            "SCHED_FIFO" => 1,
            "SCHED_RR" => 2,
            "SCHED_BATCH" => 3,
            "SCHED_ISO" => 4,
            "SCHED_IDLE" => 5,
            "SCHED_DEADLINE" => 6,
            _ => throw PlanErrors.Invalid("process.scheduler.policy", $"\"{scheduler.Policy}\" is no policy"),
        };
        var flags = 0UL;
        foreach (var flag in scheduler.Flags ?? [])
        {
            flags |= flag switch
            {
                "SCHED_FLAG_RESET_ON_FORK" => 0x01,
                "SCHED_FLAG_RECLAIM" => 0x02,
                "SCHED_FLAG_DL_OVERRUN" => 0x04,
                "SCHED_FLAG_KEEP_POLICY" => 0x08,
                "SCHED_FLAG_KEEP_PARAMS" => 0x10,
                "SCHED_FLAG_UTIL_CLAMP_MIN" => 0x20,
                "SCHED_FLAG_UTIL_CLAMP_MAX" => 0x40,
                _ => throw PlanErrors.Invalid("process.scheduler.flags", $"\"{flag}\" is no flag"),
            };
        }

        return new SchedulerPlan(policy, flags, scheduler.Nice ?? 0, (uint)(scheduler.Priority ?? 0), scheduler.Runtime ?? 0, scheduler.Deadline ?? 0, scheduler.Period ?? 0);
    }

    private static int? ParseIoPriority(OciIoPriority? priority)
    {
        if (priority is null)
        {
            return null;
        }

        var kind = priority.Class switch
        {
            "IOPRIO_CLASS_RT" => 1,
            "IOPRIO_CLASS_BE" => 2,
            "IOPRIO_CLASS_IDLE" => 3,
            _ => throw PlanErrors.Invalid("process.ioPriority.class", $"\"{priority.Class}\" is no class"),
        };
        const int classShift = 13;
        return priority.Priority is >= 0 and <= 7
            ? (kind << classShift) | priority.Priority
            : throw PlanErrors.Invalid("process.ioPriority.priority", $"{priority.Priority} is not within 0 and 7");
    }
}
