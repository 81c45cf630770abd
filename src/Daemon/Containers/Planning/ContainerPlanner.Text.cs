using System.Buffers;
using System.Globalization;
using System.Text;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

// Text that ends up in files and system calls of the container: what it would break, or the kernel would refuse at the start, is refused when it is made.
internal sealed partial class ContainerPlanner
{
    /// <summary>execve(2): 32 pages of 4 KiB, the NUL at the end included.</summary>
    private const int MaxArgumentBytes = (32 * 4096) - 1;

    private const int MaxHostNameBytes = 64;


    private void RefuseBadText()
    {
        CheckArguments("Config.Cmd", (_config.Entrypoint ?? []).Concat(_config.Cmd ?? []));
        CheckArguments("Config.Env", _config.Env ?? []);
        CheckHostName("Config.Hostname", "hostname", _config.Hostname);
        CheckHostName("Config.Domainname", "domainname", _config.Domainname);
        CheckUser("Config.User", _config.User ?? "");
        foreach (var group in _host.GroupAdd ?? [])
        {
            CheckName("HostConfig.GroupAdd", group, group, "a group's name, or its number");
        }

        foreach (var search in _host.DnsSearch ?? [])
        {
            CheckOneWord("HostConfig.DnsSearch", search, "a domain");
        }

        foreach (var option in _host.DnsOptions ?? [])
        {
            CheckOneWord("HostConfig.DnsOptions", option, "an option of resolv.conf(5) such as ndots:2");
        }

        foreach (var host in _host.ExtraHosts ?? [])
        {
            CheckOneWord("HostConfig.ExtraHosts", host, "name:address");
        }

        Refuse("HostConfig.Annotations", _host.Annotations?.ContainsKey("") == true, "an annotation's key cannot be empty");
        Refuse("HostConfig.ConsoleSize",
            _host.ConsoleSize is not (null or [] or [>= 0 and <= ushort.MaxValue, >= 0 and <= ushort.MaxValue]),
            $"[{string.Join(", ", _host.ConsoleSize ?? [])}] is not [height, width], two numbers from 0 to {ushort.MaxValue}");
    }

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("-0123456789");

    /// <summary>"user[:group]", names or numbers; whether there is such a user is seen at the start.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    internal static void CheckUser(string field, string user)
    {
        if (user.Length == 0)
        {
            return;
        }

        const string form = "user[:group], by name or by number";
        var parts = user.Split(':');
        if (parts.Length > 2)
        {
            throw ContainerErrors.Invalid(field, user, $"it is {form}");
        }

        // Both of "user:" and ":group" have always been understood.
        foreach (var part in parts.Where(part => part.Length > 0))
        {
            CheckName(field, user, part, form);
        }
    }

    private static void CheckName(string field, string value, string name, string form)
    {
        var isNumber = name.Length > 0 && name.AsSpan().IndexOfAnyExcept(NumberCharacters) < 0;
        if (name.Length == 0 || (isNumber && (!long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number is < 0 or > int.MaxValue)))
        {
            throw Bad($"uids and gids must be in range 0-{int.MaxValue}: invalid {field} \"{value}\": it is {form}");
        }
    }

    private static void CheckArguments(string field, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            if (value.Length * 3 > MaxArgumentBytes && Encoding.UTF8.GetByteCount(value) is > MaxArgumentBytes and var bytes)
            {
                throw Bad(Invariant($"invalid {field} \"{value[..32]}...\": it has {bytes} bytes, and the kernel takes {MaxArgumentBytes} at most"));
            }
        }
    }

    private static void CheckHostName(string field, string called, string? name)
    {
        if (name is null)
        {
            return;
        }

        if (Encoding.UTF8.GetByteCount(name) > MaxHostNameBytes)
        {
            throw Bad($"invalid {called}: {name}: {field} has at most {MaxHostNameBytes} bytes");
        }

        // It is a line's word in /etc/hosts and /etc/hostname.
        if (name.Any(character => char.IsWhiteSpace(character) || char.IsControl(character) || character is '#' or '/'))
        {
            throw ContainerErrors.Invalid(field, name, "it is a word without spaces, control characters, '#' and '/'");
        }
    }

    // A line break would add lines of the user's own to files that the engine answers for.
    private static void CheckOneWord(string field, string value, string form)
    {
        if (value.Length == 0 || value.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)))
        {
            throw ContainerErrors.Invalid(field, value, $"it is {form}, in one word");
        }
    }
}
