using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>A version of the Engine API, as in the path's prefix /v1.51.</summary>
internal readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    public static ApiVersion Newest { get; } = new(1, 51);

    public static ApiVersion Oldest { get; } = new(1, 24);

    public static string NewestText { get; } = Newest.ToString();

    public int CompareTo(ApiVersion other) => (Major, Minor).CompareTo((other.Major, other.Minor));

    public static bool operator <(ApiVersion a, ApiVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(ApiVersion a, ApiVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(ApiVersion a, ApiVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(ApiVersion a, ApiVersion b) => a.CompareTo(b) >= 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Reads digits and dots; what comes after the second number is ignored, as Docker does.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ApiVersion version)
    {
        version = default;
        var dot = text.IndexOf('.');
        var major = dot < 0 ? text : text[..dot];
        var rest = dot < 0 ? "0" : text[(dot + 1)..];
        var end = rest.IndexOf('.');
        if (!int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var majorNumber)
            || !int.TryParse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var minorNumber))
        {
            return false;
        }

        version = new ApiVersion(majorNumber, minorNumber);
        return true;
    }

    /// <exception cref="EngineException">This engine does not speak the version; clients look for these words.</exception>
    public void RequireSupported()
    {
        if (this < Oldest)
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"client version {this} is too old. Minimum supported API version is {Oldest}, please upgrade your client to a newer version");
        }

        if (this > Newest)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"client version {this} is too new. Maximum supported API version is {Newest}");
        }
    }
}
