using System.Buffers;
using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

/// <summary>
/// Options of a tmpfs on top of those it has anyway. Only what tmpfs(5) and mount(8) know: what the kernel would refuse at start is refused here, by name.
/// </summary>
internal sealed class TmpfsOptionList
{
    private static readonly SearchValues<char> OctalDigits = SearchValues.Create("01234567");

    private readonly List<string> _options = ["noexec", "nosuid", "nodev"];

    /// <summary>"ro" was among them, and taken out: it is the mount's, not the file system's.</summary>
    public bool ReadOnly { get; private set; }

    public IReadOnlyList<string> Options => _options;

    /// <summary>Puts a later option in place of an earlier one of the same matter.</summary>
    /// <exception cref="EngineException">InvalidArgument: no such option, or not such a value.</exception>
    public void Add(string option)
    {
        var equals = option.IndexOf('=');
        var (name, value) = equals < 0 ? (option, null) : (option[..equals], option[(equals + 1)..]);
        switch (name)
        {
            case "ro" or "rw" when value is null:
                ReadOnly = name == "ro";
                break;
            case "exec" or "suid" or "dev" when value is null:
                _options.Remove($"no{name}");
                break;
            case "defaults" or "async" when value is null:
                break;
            case "noexec" or "nosuid" or "nodev" or "noatime" or "nodiratime" or "relatime" or "strictatime" or "sync" or "dirsync" or "noswap" when value is null:
                if (!_options.Contains(option))
                {
                    _options.Add(option);
                }

                break;
            case "size" or "nr_blocks" or "nr_inodes" or "mode" or "uid" or "gid" or "huge" or "mpol" when value is not null && IsValue(name, value):
                _options.RemoveAll(other => other.StartsWith(name + "=", StringComparison.Ordinal));
                _options.Add(option);
                break;
            default:
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid tmpfs option [\"{option}\"]");
        }
    }

    private static bool IsValue(string name, string value) => name switch
    {
        "size" => IsCount(value.EndsWith('%') ? value[..^1] : WithoutUnit(value)),
        "nr_blocks" or "nr_inodes" => IsCount(WithoutUnit(value)),
        "mode" => value.Length is > 0 and <= 5 && value.AsSpan().IndexOfAnyExcept(OctalDigits) < 0,
        "uid" or "gid" => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id <= int.MaxValue,
        "huge" => value is "never" or "always" or "within_size" or "advise" or "deny" or "force",
        _ => value.Length > 0 && !value.Contains('\0'),
    };

    private static string WithoutUnit(string value) => value.Length > 0 && char.ToLowerInvariant(value[^1]) is 'k' or 'm' or 'g' or 't' ? value[..^1] : value;

    private static bool IsCount(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
