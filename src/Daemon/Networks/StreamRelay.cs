using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Berth.Daemon.Networks;

/// <summary>Relays TCP connections, each half closed by itself as its two ends close it.</summary>
internal sealed class StreamRelay : PortRelay
{
    private static readonly TimeSpan s_connectPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortage = TimeSpan.FromMilliseconds(200);

    private readonly SocketOpener _open;

    public StreamRelay(Socket listener, IPEndPoint target, SocketOpener open)
        : base(listener, target)
    {
        _open = open;
        _ = AcceptAsync(); // ends with the socket, and catches what may fail
    }

    private async Task AcceptAsync()
    {
        while (!Ended.IsCancellationRequested)
        {
            try
            {
                var client = await Socket.AcceptAsync(Ended);
                _ = ServeAsync(client); // the same
            }
            catch (SocketException) when (!Ended.IsCancellationRequested)
            {
                // The client has gone again, or descriptors are short; in that case trying again at once would burn a processor.
                await Task.Delay(s_shortage, CancellationToken.None);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var _ = client;
        var target = Target;
        try
        {
            using var server = await _open(SocketType.Stream, ProtocolType.Tcp, target.AddressFamily);
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(Ended))
            {
                patience.CancelAfter(s_connectPatience);
                await server.ConnectAsync(target, patience.Token);
            }

            client.NoDelay = true;
            server.NoDelay = true;
            using var failed = CancellationTokenSource.CreateLinkedTokenSource(Ended);
            await Task.WhenAll(PumpAsync(client, server, failed), PumpAsync(server, client, failed));
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Reset(client); // refused, as the container would have
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, CancellationTokenSource failed)
    {
        try
        {
            while (await MoveAsync(from, to, failed.Token))
            {
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            await failed.CancelAsync(); // the other half has nobody left to talk to
            throw;
        }
    }

    // A connection that is silent holds no buffer: it waits with an empty one.
    private static async Task<bool> MoveAsync(Socket from, Socket to, CancellationToken ct)
    {
        const int size = 64 << 10;
        await from.ReceiveAsync(Memory<byte>.Empty, ct);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var length = await from.ReceiveAsync(buffer, ct);
            for (var sent = 0; sent < length;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), ct);
            }

            return length > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Reset(Socket client)
    {
        try
        {
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It needs no reset any more.
        }
    }
}
