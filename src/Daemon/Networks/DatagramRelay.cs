using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Berth.Daemon.Networks;

/// <summary>Relays datagrams: each sender has a socket of its own towards the container, by which answers find back.</summary>
internal sealed class DatagramRelay : PortRelay
{
    // As long as Docker's proxy, and as many as one port's senders may reasonably be: a sender's address can be forged.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(90);
    private const int MostSenders = 1024;
    private const int LargestDatagram = 64 << 10;

    private readonly SocketOpener _open;
    private readonly ConcurrentDictionary<SocketAddress, Socket> _senders = new();

    public DatagramRelay(Socket socket, IPEndPoint target, SocketOpener open)
        : base(socket, target)
    {
        _open = open;
        _ = ReceiveAsync(); // ends with the socket, and catches what may fail
    }

    private async Task ReceiveAsync()
    {
        // The buffer comes with the first datagram: most relays never see one.
        byte[]? buffer = null;
        var from = new SocketAddress(AddressFamily.InterNetworkV6);
        while (!Ended.IsCancellationRequested)
        {
            try
            {
                if (buffer is null)
                {
                    await Socket.ReceiveFromAsync(Memory<byte>.Empty, SocketFlags.Peek, from, Ended);
                    buffer = new byte[LargestDatagram];
                }

                var length = await Socket.ReceiveFromAsync(buffer, SocketFlags.None, from, Ended);
                if (await FindOrOpenAsync(from) is { } towards)
                {
                    await towards.SendAsync(buffer.AsMemory(0, length), Ended);
                }
            }
            catch (SocketException) when (!Ended.IsCancellationRequested)
            {
                // An earlier datagram found nobody there, and the kernel tells it now: as lost as any other datagram.
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task<Socket?> FindOrOpenAsync(SocketAddress from)
    {
        if (_senders.TryGetValue(from, out var known))
        {
            return known;
        }

        if (_senders.Count >= MostSenders)
        {
            return null;
        }

        var sender = new SocketAddress(from.Family, from.Size);
        from.Buffer.Span[..from.Size].CopyTo(sender.Buffer.Span);
        var target = Target;
        var towards = await _open(SocketType.Dgram, ProtocolType.Udp, target.AddressFamily);
        try
        {
            await towards.ConnectAsync(target, Ended);
        }
        catch
        {
            towards.Dispose();
            throw;
        }

        _senders[sender] = towards;
        _ = AnswerAsync(sender, towards); // ends by silence or with the relay, and catches what may fail
        return towards;
    }

    private async Task AnswerAsync(SocketAddress sender, Socket towards)
    {
        var buffer = new byte[LargestDatagram];
        try
        {
            while (true)
            {
                using var silence = CancellationTokenSource.CreateLinkedTokenSource(Ended);
                silence.CancelAfter(s_idle);
                try
                {
                    var length = await towards.ReceiveAsync(buffer, silence.Token);
                    await Socket.SendToAsync(buffer.AsMemory(0, length), SocketFlags.None, sender, Ended);
                }
                catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
                {
                    // The container does not listen yet; the sender may try again.
                }
            }
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Silence, or the port is closed.
        }
        finally
        {
            _senders.TryRemove(sender, out _);
            towards.Dispose();
        }
    }
}
