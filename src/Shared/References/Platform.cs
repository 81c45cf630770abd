using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Berth.Shared.Errors;

namespace Berth.Shared.References;

/// <summary>What an image runs on, in the words of image-spec: Go's names for system and architecture.</summary>
/// <param name="Os">"linux".</param>
/// <param name="Architecture">"amd64", "arm64", "arm", …</param>
/// <param name="Variant">"v7" of arm, "v2" of amd64; null where it adds nothing.</param>
/// <param name="OsVersion">Only Windows images carry it.</param>
public sealed record Platform(string Os, string Architecture, string? Variant = null, string? OsVersion = null)
{
    private static readonly SearchValues<char> SpecifierCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-()");

    /// <summary>What this machine runs by itself.</summary>
    public static Platform Host { get; } = RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => new Platform("linux", "amd64", Amd64Level()),
        System.Runtime.InteropServices.Architecture.Arm64 => new Platform("linux", "arm64"),
        System.Runtime.InteropServices.Architecture.Arm => new Platform("linux", "arm", "v7"),
        System.Runtime.InteropServices.Architecture.X86 => new Platform("linux", "386"),
        System.Runtime.InteropServices.Architecture.RiscV64 => new Platform("linux", "riscv64"),
        System.Runtime.InteropServices.Architecture.S390x => new Platform("linux", "s390x"),
        System.Runtime.InteropServices.Architecture.Ppc64le => new Platform("linux", "ppc64le"),
        System.Runtime.InteropServices.Architecture.LoongArch64 => new Platform("linux", "loong64"),
        var other => new Platform("linux", other.ToString().ToLowerInvariant()),
    };

    /// <summary>Parses "os/arch", "os/arch/variant", "linux" or an architecture alone.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static Platform Parse(string text)
    {
        var parts = text.Trim().ToLowerInvariant().Split('/');
        if (parts.Length > 3 || parts.Any(part => part.Length == 0 || part.AsSpan().ContainsAnyExcept(SpecifierCharacters)))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"\"{text}\" is an invalid OS/architecture pair: platform specifier must be \"os[/arch[/variant]]\"");
        }

        return parts.Length switch
        {
            1 when parts[0] is "linux" or "windows" or "freebsd" or "darwin" => (Host with { Os = parts[0] }).Normalize(),
            1 => new Platform(Host.Os, parts[0]).Normalize(),
            2 => new Platform(parts[0], parts[1]).Normalize(),
            _ => new Platform(parts[0], parts[1], parts[2]).Normalize(),
        };
    }

    /// <summary>One spelling per platform: aarch64 is arm64, arm64/v8 is arm64, arm alone is arm/v7.</summary>
    public Platform Normalize()
    {
        var (architecture, variant) = (Architecture.ToLowerInvariant(), Variant?.ToLowerInvariant() ?? "") switch
        {
            ("x86_64" or "x86-64" or "amd64", var v) => ("amd64", v == "v1" ? "" : v),
            ("aarch64" or "arm64", var v) => ("arm64", v is "v8" or "8" ? "" : v),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", "" or "7") => ("arm", "v7"),
            ("arm", var v and ("5" or "6" or "8")) => ("arm", "v" + v),
            ("i386" or "i486" or "i586" or "i686" or "x86", _) => ("386", ""),
            var other => other,
        };
        return new Platform(Os.ToLowerInvariant(), architecture, variant.Length == 0 ? null : variant, string.IsNullOrEmpty(OsVersion) ? null : OsVersion);
    }

    /// <summary>How well an image for <paramref name="image"/> serves this platform.</summary>
    /// <returns>Null when it does not; else the smaller the better, 0 for the very same.</returns>
    public int? Distance(Platform image)
    {
        var (want, have) = (Normalize(), image.Normalize());
        if (want.Os != have.Os)
        {
            return null;
        }

        if (want.Architecture == have.Architecture)
        {
            return want.Variant == have.Variant ? 0 : VariantDistance(want, have);
        }

        // A 64-bit Arm processor runs 32-bit programs as well; newest first.
        return want.Architecture == "arm64" && have.Architecture == "arm" && Level(have) is { } level ? 100 + 8 - level : null;
    }

    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    /// <summary>A processor runs what was built for an older level of its own line.</summary>
    private static int? VariantDistance(Platform want, Platform have)
        => Level(want) is { } wanted && Level(have) is { } had && had <= wanted ? wanted - had : null;

    private static int? Level(Platform platform) => platform switch
    {
        { Variant: ['v', var digit] } when char.IsAsciiDigit(digit) => digit - '0',
        { Architecture: "amd64", Variant: null } => 1,
        { Architecture: "arm64", Variant: null } => 8,
        { Architecture: "arm", Variant: null } => 7,
        _ => null,
    };

    private static string? Amd64Level()
        => Avx512F.IsSupported && Avx512BW.IsSupported && Avx512CD.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? "v4"
        : Avx2.IsSupported && Bmi1.IsSupported && Bmi2.IsSupported && Fma.IsSupported && Lzcnt.IsSupported ? "v3"
        : Sse42.IsSupported && Popcnt.IsSupported ? "v2"
        : null;
}
