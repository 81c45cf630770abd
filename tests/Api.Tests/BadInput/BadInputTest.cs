using System.Text;
using System.Text.Json;
using Berth.Kit;

namespace Berth.Api.Tests.BadInput;

/// <summary>
/// Tables of values that can't be honoured. Each is answered with 400 and a message that names the field, the value and what is allowed, and leaves
/// nothing behind: no container, volume or network, and no file of one.
/// </summary>
public abstract class BadInputTest(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    protected TestDaemon Daemon => fixture.Daemon;

    /// <param name="words">What the message must have, with '|' between.</param>
    protected async Task RefusesAsync(HttpMethod method, string path, string? body, string words, string contentType = "application/json")
    {
        var before = await ExistingAsync();
        using var request = new HttpRequestMessage(method, new Uri("http://berth" + path));
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType);

        using var reply = await Daemon.Http.SendAsync(request);

        var text = await reply.Content.ReadAsStringAsync();
        Assert.True((int)reply.StatusCode == 400, $"{(int)reply.StatusCode} {text}");
        var message = JsonDocument.Parse(text).RootElement.GetProperty("message").GetString()!;
        Assert.All(words.Split('|'), word => Assert.Contains(word, message, StringComparison.Ordinal));
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal); // names of ours are not the client's
        Assert.Equal(before, await ExistingAsync());
    }

    private async Task<string> ExistingAsync()
    {
        var containers = await Daemon.GetAsync("/containers/json?all=1");
        var networks = await Daemon.GetAsync("/networks");
        IEnumerable<string> all =
        [
            .. containers.EnumerateArray().Select(container => "container " + container.GetProperty("Id").GetString()),
            .. networks.EnumerateArray().Select(network => "network " + network.GetProperty("Id").GetString()),
            .. Names("containers"), .. Names("volumes"),
        ];
        return string.Join('\n', all.Order(StringComparer.Ordinal));
    }

    private IEnumerable<string> Names(string folder)
    {
        var path = Path.Combine(Daemon.DataRoot, folder);
        return Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path) : [];
    }
}
