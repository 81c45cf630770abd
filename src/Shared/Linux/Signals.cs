using System.Collections.Frozen;
using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Shared.Linux;

/// <summary>signal(7): names and numbers, those of x86-64 and arm64.</summary>
public static class Signals
{
    public const int Int = 2;
    public const int Kill = 9;
    public const int Term = 15;
    public const int Cont = 18;
    public const int RealTimeMin = 34;
    public const int RealTimeMax = 64;

    /// <summary>What is allowed, for messages.</summary>
    public const string Form = "it is a name such as SIGTERM or RTMIN+3, or a number from 1 to 64";

    private static readonly FrozenDictionary<string, int> Numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
    {
        ["HUP"] = 1,
        ["INT"] = 2,
        ["QUIT"] = 3,
        ["ILL"] = 4,
        ["TRAP"] = 5,
        ["ABRT"] = 6,
        ["IOT"] = 6,
        ["BUS"] = 7,
        ["FPE"] = 8,
        ["KILL"] = 9,
        ["USR1"] = 10,
        ["SEGV"] = 11,
        ["USR2"] = 12,
        ["PIPE"] = 13,
        ["ALRM"] = 14,
        ["TERM"] = 15,
        ["STKFLT"] = 16,
        ["CHLD"] = 17,
        ["CLD"] = 17,
        ["CONT"] = 18,
        ["STOP"] = 19,
        ["TSTP"] = 20,
        ["TTIN"] = 21,
        ["TTOU"] = 22,
        ["URG"] = 23,
        ["XCPU"] = 24,
        ["XFSZ"] = 25,
        ["VTALRM"] = 26,
        ["PROF"] = 27,
        ["WINCH"] = 28,
        ["IO"] = 29,
        ["POLL"] = 29,
        ["PWR"] = 30,
        ["SYS"] = 31,
        ["RTMIN"] = RealTimeMin,
        ["RTMAX"] = RealTimeMax,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>A number, or a name with or without "SIG", in any case; also RTMIN+n and RTMAX-n.</summary>
    /// <exception cref="EngineException">InvalidArgument: there is no such signal.</exception>
    public static int Parse(string text) => TryParse(text, out var number)
        ? number
        : throw new EngineException(ErrorKind.InvalidArgument, $"invalid signal: {text}: {Form}");

    /// <inheritdoc cref="Parse"/>
    public static bool TryParse(string text, out int number)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return number is > 0 and <= RealTimeMax;
        }

        var name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        return Numbers.TryGetValue(name, out number) || TryParseRealTime(name, "RTMIN+", 1, out number) || TryParseRealTime(name, "RTMAX-", -1, out number);
    }

    private static bool TryParseRealTime(string name, string prefix, int direction, out int number)
    {
        number = 0;
        if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            || !int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || offset > RealTimeMax - RealTimeMin)
        {
            return false;
        }

        number = direction > 0 ? RealTimeMin + offset : RealTimeMax - offset;
        return true;
    }
}
