using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Berth.Shared.Errors;

namespace Berth.Shared.References;

/// <summary>The digest of some content, such as "sha256:9f86…"; image-spec, descriptor.md. Only sha256 and sha512 are registered there.</summary>
/// <param name="Algorithm">"sha256" or "sha512".</param>
/// <param name="Hex">Lower-case hexadecimal, 64 or 128 digits.</param>
public readonly record struct Digest(string Algorithm, string Hex)
{
    public const string Sha256 = "sha256";
    public const string Sha512 = "sha512";
    private static readonly SearchValues<char> LowerHexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The first twelve digits, as lists and progress lines show them.</summary>
    public string Short => Hex[..12];

    /// <exception cref="EngineException">InvalidArgument: not a digest.</exception>
    public static Digest Parse(string text)
        => TryParse(text, out var digest) ? digest : throw new EngineException(ErrorKind.InvalidArgument, $"invalid digest format: \"{text}\"");

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null)
        {
            return false;
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return false;
        }

        var hex = text[(colon + 1)..];
        var algorithm = text.AsSpan(0, colon) switch
        {
            Sha256 when hex.Length == 64 => Sha256,
            Sha512 when hex.Length == 128 => Sha512,
            _ => null,
        };
        if (algorithm is null || !IsLowerHex(hex))
        {
            return false;
        }

        digest = new Digest(algorithm, hex);
        return true;
    }

    public static Digest OfSha256(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>Makes a sha256 digest of a finished 32-byte hash.</summary>
    public static Digest FromHash(ReadOnlySpan<byte> sha256) => new(Sha256, Convert.ToHexStringLower(sha256));

    /// <summary>Whether the content has this digest, by this digest's own algorithm.</summary>
    public bool Matches(ReadOnlySpan<byte> content)
        => Hex == Convert.ToHexStringLower(Algorithm == Sha512 ? SHA512.HashData(content) : SHA256.HashData(content));

    /// <summary>A running hash of this digest's algorithm; the caller disposes of it.</summary>
    public IncrementalHash StartHash() => IncrementalHash.CreateHash(Algorithm == Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    public override string ToString() => $"{Algorithm}:{Hex}";

    internal static bool IsLowerHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHexDigits);
}
