namespace Berth.Api.Tests.BadInput;

/// <summary>POST /volumes/create.</summary>
public sealed class VolumeTests(DaemonFixture fixture) : BadInputTest(fixture)
{
    [Theory]
    [InlineData("""{"Name":"a/b"}""", "a/b|[a-zA-Z0-9]")]
    [InlineData("""{"Name":"-x"}""", "-x|[a-zA-Z0-9]")]
    [InlineData("""{"Name":"x"}""", "create x|too short")]
    [InlineData("""{"Name":"two words"}""", "two words|[a-zA-Z0-9]")]
    [InlineData("""{"Name":"../../etc"}""", "../../etc|[a-zA-Z0-9]")]
    [InlineData("""{"Name":"a\u0000b"}""", "Name|NUL")]
    [InlineData("""{"Name":7}""", "Name|7|text")]
    [InlineData("""{"Name":"vol","Labels":{"a":1}}""", "Labels|1|text")]
    [InlineData("""{"Name":"vol","Labels":["a"]}""", "Labels|object")]
    [InlineData("""{"Name":"vol","DriverOpts":{"bogus":"x"}}""", "bogus|type")]
    [InlineData("""{"Name":"vol","DriverOpts":{"type":"tmpfs"}}""", "device")]
    [InlineData("""{"Name":"vol","DriverOpts":{"o":"size=1m"}}""", "device")]
    [InlineData("""{"Name":"vol","DriverOpts":{"type":1}}""", "DriverOpts|1|text")]
    [InlineData("nonsense", "JSON")]
    [InlineData("[]", "[]|object")]
    public Task Volume_ThatCannotBe_IsRefused(string body, string words) => RefusesAsync(HttpMethod.Post, "/volumes/create", body, words);

    [Theory]
    [InlineData("/volumes?filters={\"bogus\":[\"x\"]}", "bogus")]
    [InlineData("/volumes?filters={\"dangling\":[\"maybe\"]}", "dangling|maybe")]
    [InlineData("/volumes?filters=nonsense", "filters")]
    public Task Question_ThatCannotBe_IsRefused(string question, string words) => RefusesAsync(HttpMethod.Get, question, body: null, words);
}
