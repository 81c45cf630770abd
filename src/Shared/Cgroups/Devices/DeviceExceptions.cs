namespace Berth.Shared.Cgroups.Devices;

/// <summary>Device rules as v1 keeps them: a default and exceptions from it.</summary>
internal sealed class DeviceExceptions
{
    private readonly Dictionary<(DeviceKind Kind, uint? Major, uint? Minor), DeviceAccess> _exceptions = [];

    public bool AllowsByDefault { get; private set; } = true;

    public IReadOnlyDictionary<(DeviceKind Kind, uint? Major, uint? Minor), DeviceAccess> All => _exceptions;

    /// <exception cref="Errors.EngineException">InvalidArgument: the order of the rules says something that v1 can't express.</exception>
    public static DeviceExceptions From(IReadOnlyList<DeviceRule> rules)
    {
        var result = new DeviceExceptions { AllowsByDefault = false };
        foreach (var rule in rules)
        {
            result.Add(rule);
        }

        return result;
    }

    /// <summary>What devices.list reads.</summary>
    public static DeviceExceptions Parse(string list)
    {
        var result = new DeviceExceptions { AllowsByDefault = false };
        foreach (var line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split([' ', ':']);
            if (words[0] == "a")
            {
                result.AllowsByDefault = true;
                continue;
            }

            result._exceptions[(words[0] == "b" ? DeviceKind.Block : DeviceKind.Character, Number(words[1]), Number(words[2]))] =
                (words[3].Contains('r') ? DeviceAccess.Read : 0) | (words[3].Contains('w') ? DeviceAccess.Write : 0) | (words[3].Contains('m') ? DeviceAccess.Mknod : 0);
        }

        return result;

        static uint? Number(string word) => word == "*" ? null : uint.Parse(word, System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Add(DeviceRule rule)
    {
        if (rule.IsWhole)
        {
            AllowsByDefault = rule.Allow;
            _exceptions.Clear();
            return;
        }

        if (rule.Kind == DeviceKind.Any)
        {
            Add(rule with { Kind = DeviceKind.Character });
            Add(rule with { Kind = DeviceKind.Block });
            return;
        }

        var key = (rule.Kind, rule.Major, rule.Minor);
        if (rule.Allow != AllowsByDefault)
        {
            _exceptions[key] = _exceptions.GetValueOrDefault(key) | rule.Access;
            return;
        }

        // Back to the default: narrower exceptions lose these accesses as well, a wider one can't be cut out of.
        foreach (var (other, access) in _exceptions.ToArray())
        {
            if (other.Kind != rule.Kind || (access & rule.Access) == 0)
            {
                continue;
            }

            if (Covers(rule.Major, other.Major) && Covers(rule.Minor, other.Minor))
            {
                Set(other, access & ~rule.Access);
            }
            else if (Meets(rule.Major, other.Major) && Meets(rule.Minor, other.Minor))
            {
                throw CgroupErrors.Contradiction("Device rules take back a part of what a wider rule gives, which cgroup v1 can't express: order them from wide to narrow, or name the devices singly");
            }
        }
    }

    private void Set((DeviceKind Kind, uint? Major, uint? Minor) key, DeviceAccess access)
    {
        if (access == DeviceAccess.None)
        {
            _exceptions.Remove(key);
        }
        else
        {
            _exceptions[key] = access;
        }
    }

    private static bool Covers(uint? wide, uint? narrow) => wide is null || wide == narrow;

    private static bool Meets(uint? one, uint? other) => one is null || other is null || one == other;
}
