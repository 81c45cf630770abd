namespace Berth.Shared.Linux;

/// <summary>The host's time zone by libc, for programs whose .NET has none; localtime(3).</summary>
public static unsafe class LocalTime
{
    /// <summary>Local time's distance from UTC at a moment.</summary>
    /// <param name="unixSeconds">Seconds since 1970.</param>
    public static TimeSpan Offset(long unixSeconds)
    {
        const int size = 56, offsetFromUtc = 40; // struct tm on 64-bit machines: nine ints, padding, long tm_gmtoff, a pointer
        var broken = stackalloc byte[size];
        return Libc.localtime_r(&unixSeconds, broken) is null ? TimeSpan.Zero : TimeSpan.FromSeconds(*(long*)(broken + offsetFromUtc));
    }
}
