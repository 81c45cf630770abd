using Berth.Client.Output;

namespace Berth.Client.Tests.Output;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData(0, "0B")]
    [InlineData(999, "999B")]
    [InlineData(4_430_000, "4.43MB")]
    [InlineData(117_300_000, "117MB")]
    [InlineData(1_000, "1kB")]
    [InlineData(1_095_000_000, "1.09GB")]
    [InlineData(12_345_678, "12.3MB")]
    public void DecimalSize_ThreeDigits(long bytes, string expected) => Assert.Equal(expected, Quantities.DecimalSize(bytes));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1536, "1.5KiB")]
    [InlineData(1_048_576, "1MiB")]
    [InlineData(2_088_763_392, "1.945GiB")]
    public void BinarySize_FourDigits(long bytes, string expected) => Assert.Equal(expected, Quantities.BinarySize(bytes));

    [Theory]
    [InlineData(0, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(180, "3 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(5400, "2 hours")]
    [InlineData(86400 * 2, "2 days")]
    [InlineData(86400 * 14, "2 weeks")]
    [InlineData(86400 * 70, "2 months")]
    [InlineData(86400 * 800, "2 years")]
    public void RoughDuration_InWords(int seconds, string expected) => Assert.Equal(expected, Quantities.RoughDuration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("64", 64)]
    [InlineData("64b", 64)]
    [InlineData("10k", 10_240)]
    [InlineData("1.5g", 1_610_612_736)]
    [InlineData("512M", 536_870_912)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("-1", -1)]
    public void ParseBytes_PowersOf1024(string text, long expected) => Assert.Equal(expected, Quantities.ParseBytes(text));

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("1x")]
    [InlineData("-2")]
    [InlineData("9999999999999p")]
    public void ParseBytes_NoSize_IsRefused(string text) => Assert.Throws<FormatException>(() => Quantities.ParseBytes(text));

    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5s", 1.5)]
    [InlineData("250ms", 0.25)]
    [InlineData("0", 0)]
    public void ParseDuration_GoForms(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Quantities.ParseDuration(text));

    [Theory]
    [InlineData("10")]
    [InlineData("m")]
    [InlineData("")]
    [InlineData("1d")]
    public void ParseDuration_WithoutUnit_IsRefused(string text) => Assert.Throws<FormatException>(() => Quantities.ParseDuration(text));
}
