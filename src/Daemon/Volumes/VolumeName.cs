using System.Buffers;
using System.Security.Cryptography;

namespace Berth.Daemon.Volumes;

/// <summary>Names of volumes, which are also names of directories.</summary>
internal static class VolumeName
{
    private const int MaxLength = 255; // of a directory entry, on every file system that matters

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument: [a-zA-Z0-9][a-zA-Z0-9_.-]+ it is not, or too long.</exception>
    public static void Check(string name)
    {
        if (name.Length == 1)
        {
            throw VolumeErrors.NameTooShort(name);
        }

        if (!char.IsAsciiLetterOrDigit(name[0]) || name.AsSpan(1).IndexOfAnyExcept(Allowed) >= 0)
        {
            throw VolumeErrors.InvalidName(name);
        }

        if (name.Length > MaxLength)
        {
            throw VolumeErrors.NameTooLong(name, MaxLength);
        }
    }

    /// <summary>64 hexadecimal digits, for a volume that nobody named.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    /// <summary>Such as <see cref="New"/> makes them.</summary>
    public static bool IsMadeUp(string name) => name.Length == 64 && !name.AsSpan().ContainsAnyExcept(HexDigits);
}
