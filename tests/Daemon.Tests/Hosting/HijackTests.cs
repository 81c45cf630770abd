using System.Net.Sockets;
using System.Text;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Daemon.Tests.Hosting;

public sealed class HijackTests
{
    private const string Body = "{\"Detach\":false}";

    [Theory]
    [InlineData("Connection: Upgrade\r\nUpgrade: tcp\r\n", "HTTP/1.1 101 UPGRADED\r\n")]
    [InlineData("", "HTTP/1.1 200 OK\r\n")]
    public async Task Hijack_BodyInputAndHalfCloseInOnePacket_EchoesAllInput(string upgrade, string statusLine)
    {
        await using var server = await StartEchoAsync();

        var reply = await server.ExchangeAsync(
            $"POST /v1.51/exec/x/start HTTP/1.1\r\nHost: x\r\n{upgrade}Content-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}hello stdin");

        Assert.StartsWith(statusLine, reply, StringComparison.Ordinal);
        Assert.Contains("\r\nApi-Version: ", reply, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n[hello stdin]", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hijack_ChunkedBody_EchoesInputAfterIt()
    {
        await using var server = await StartEchoAsync();

        var reply = await server.ExchangeAsync(
            "POST /exec/x/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"{Body.Length:x}\r\n{Body}\r\n0\r\n\r\nafter");

        Assert.EndsWith("\r\n\r\n[after]", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hijack_WithoutBody_OutputGoesOnAfterHalfClose()
    {
        await using var server = await StartEchoAsync();

        var reply = await server.ExchangeAsync("POST /containers/x/attach?stdin=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nabc");

        Assert.EndsWith("\r\n\r\n[abc]", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hijack_LargeStreamBothWays_IsWhole()
    {
        await using var server = await StartEchoAsync();
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        var payload = new string('x', 20 << 20);

        var sending = Task.Run(async () =>
        {
            var bytes = Encoding.ASCII.GetBytes(payload).AsMemory();
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, TestContext.Current.CancellationToken)..];
            }

            socket.Shutdown(SocketShutdown.Send);
        });
        var reply = await FrontTestServer.ReadToEndAsync(socket);
        await sending;

        Assert.EndsWith("x]", reply, StringComparison.Ordinal);
        Assert.Equal(payload.Length, reply.Length - reply.IndexOf("\r\n\r\n[", StringComparison.Ordinal) - 6);
    }

    [Fact]
    public async Task Request_WhenClientGoesAway_IsAborted()
    {
        var aborted = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        await using var server = await FrontTestServer.StartAsync(api => api.MapGet("/events", async (HttpContext context) =>
        {
            entered.SetResult();
            await using var registration = context.RequestAborted.Register(aborted.SetResult);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }));
        var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        socket.Dispose();

        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Request_AfterRefusedHijack_IsServedOnTheSameConnection()
    {
        await using var server = await FrontTestServer.StartAsync(api =>
        {
            api.MapPost("/exec/{id}/start", IResult (string id) => throw new Berth.Shared.Errors.EngineException(Berth.Shared.Errors.ErrorKind.NotFound, $"No such exec instance: {id}"));
            api.MapGet("/version", () => Results.Text("fine"));
        });

        var reply = await server.ExchangeAsync(
            "POST /exec/x/start HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            + "GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Contains("404 Not Found", reply, StringComparison.Ordinal);
        Assert.Contains("{\"message\":\"No such exec instance: x\"}", reply, StringComparison.Ordinal);
        Assert.EndsWith("fine", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hijacked_WhenClientGoesAwayAfterHalfClose_IsAborted()
    {
        var aborted = new TaskCompletionSource();
        await using var server = await FrontTestServer.StartAsync(api => api.MapPost("/containers/{id}/attach", async (HttpContext context) =>
        {
            var client = context.Features.GetRequiredFeature<IHijackFeature>().Hijack();
            await client.WriteHeadAsync(context.Request, "application/vnd.docker.raw-stream", CancellationToken.None);
            var gone = new TaskCompletionSource();
            await using var registration = client.Aborted.Register(gone.SetResult);
            await gone.Task;
            aborted.SetResult();
        }));
        var socket = await server.ConnectAsync();
        await socket.SendAsync("POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        socket.Shutdown(SocketShutdown.Send);
        await socket.ReceiveAsync(new byte[1000], TestContext.Current.CancellationToken);
        Assert.False(aborted.Task.IsCompleted);

        socket.Dispose();

        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    /// <summary>Sends back all input between brackets, once the input has ended.</summary>
    private static Task<FrontTestServer> StartEchoAsync() => FrontTestServer.StartAsync(api =>
    {
        api.MapPost("/exec/{id}/start", async (HttpContext context) =>
        {
            Assert.NotNull(await context.Request.ReadJsonAsync(ApiJson.Default.ExecStartRequest, context.RequestAborted));
            await EchoAsync(context);
        });
        api.MapPost("/containers/{id}/attach", EchoAsync);
    });

    private static async Task EchoAsync(HttpContext context)
    {
        var client = context.Features.GetRequiredFeature<IHijackFeature>().Hijack();
        await client.WriteHeadAsync(context.Request, "application/vnd.docker.raw-stream", CancellationToken.None);
        await client.TryWriteAsync("["u8.ToArray(), CancellationToken.None);
        while (true)
        {
            var input = await client.Input.ReadAsync();
            foreach (var segment in input.Buffer)
            {
                await client.TryWriteAsync(segment, CancellationToken.None);
            }

            client.Input.AdvanceTo(input.Buffer.End);
            if (input.IsCompleted)
            {
                break;
            }
        }

        await client.TryWriteAsync("]"u8.ToArray(), CancellationToken.None);
    }
}
