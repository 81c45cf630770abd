using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Berth.Daemon.Tests.Hosting;

public sealed class FrontDoorTests
{
    [Theory]
    [InlineData("GET /nothing", "404 Not Found", "{\"message\":\"page not found\"}")]
    [InlineData("DELETE /things/a/json", "404 Not Found", "{\"message\":\"page not found\"}")]
    [InlineData("GET /v1.23/things/a/json", "400 Bad Request", "client version 1.23 is too old. Minimum supported API version is 1.24")]
    [InlineData("GET /v1.52/things/a/json", "400 Bad Request", "client version 1.52 is too new. Maximum supported API version is 1.51")]
    [InlineData("GET /v1.24/things/a/json", "200 OK", "thing a by 1.24")]
    [InlineData("GET /things/a/json", "200 OK", "thing a by 1.51")]
    [InlineData("GET /images/a/json", "200 OK", "image a")]
    [InlineData("GET /v1.44/images/example.org:5000/team/app:1/json", "200 OK", "image example.org:5000/team/app:1")]
    [InlineData("GET /images/a%2Fb/json", "200 OK", "image a/b")]
    [InlineData("GET /images/json/json", "200 OK", "image json")]
    [InlineData("DELETE /images/team/app@sha256:00", "200 OK", "deleted team/app@sha256:00")]
    [InlineData("GET /fails", "409 Conflict", "{\"message\":\"it is \\\"so\\\"\"}")]
    [InlineData("GET /breaks", "500 Internal Server Error", "{\"message\":\"broken\"}")]
    public async Task Request_Path_IsAnswered(string requestLine, string status, string body)
    {
        await using var server = await StartAsync();

        var reply = await server.ExchangeAsync($"{requestLine} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", halfClose: false);

        Assert.StartsWith($"HTTP/1.1 {status}\r\n", reply, StringComparison.Ordinal);
        Assert.Contains(body, reply, StringComparison.Ordinal);
        Assert.Contains("\r\nApi-Version: 1.51\r\n", reply, StringComparison.Ordinal);
        Assert.Contains("\r\nOstype: linux\r\n", reply, StringComparison.Ordinal);
        Assert.Contains("\r\nServer: Berth/", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "{\"NAME\":\"v\",\"unknown\":{}}", "200 OK", "got v")]
    [InlineData("application/json; charset=utf-8", "{\"name\":\"v\"}", "200 OK", "got v")]
    [InlineData("application/json", "{\"Name\":\"v\"} trailing", "400 Bad Request", "invalid JSON")]
    [InlineData("application/json", "{", "400 Bad Request", "invalid JSON")]
    [InlineData("text/plain", "{}", "400 Bad Request", "unsupported Content-Type header (text/plain): must be 'application/json'")]
    [InlineData("application/json", "", "400 Bad Request", "invalid JSON: got EOF while reading request body")]
    public async Task Body_Json_IsReadAsGoDoes(string type, string body, string status, string answer)
    {
        await using var server = await StartAsync();

        var reply = await server.ExchangeAsync(
            $"POST /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}", halfClose: false);

        Assert.StartsWith($"HTTP/1.1 {status}\r\n", reply, StringComparison.Ordinal);
        Assert.Contains(answer, reply, StringComparison.Ordinal);
    }

    private static Task<FrontTestServer> StartAsync() => FrontTestServer.StartAsync(api =>
    {
        api.MapGet("/things/{id}/json", (string id, HttpContext context) => Results.Text($"thing {id} by {context.ApiVersion()}"));
        api.MapGet("/images/{name}/json", (string name) => Results.Text($"image {name}"));
        api.MapDelete("/images/{name}", (string name) => Results.Text($"deleted {name}"));
        api.MapGet("/fails", string () => throw new EngineException(ErrorKind.Conflict, "it is \"so\""));
        api.MapGet("/breaks", string () => throw new InvalidOperationException("broken"));
        api.MapPost("/things", async (HttpContext context) =>
        {
            var restart = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.RestartPolicy, context.RequestAborted);
            return Results.Text($"got {restart.Name}");
        });
    });
}
