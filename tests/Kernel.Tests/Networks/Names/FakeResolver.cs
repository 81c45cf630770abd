using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Berth.Kernel.Tests.Networks.Names;

/// <summary>A DNS server at port 53 that says what the test wants. To be made on a thread in its namespace.</summary>
internal sealed class FakeResolver : IDisposable
{
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public FakeResolver(IPAddress address)
    {
        _datagrams.Bind(new IPEndPoint(address, 53));
        _listener.Bind(new IPEndPoint(address, 53));
        _listener.Listen(16);
        _ = ServeDatagramsAsync();
        _ = ServeStreamsAsync();
    }

    /// <summary>The replies to a question, in order; none: silence.</summary>
    public Func<byte[], IEnumerable<byte[]>> Answer { get; set; } = query => [Reply(query, address: "192.0.2.1")];

    /// <summary>For questions by TCP; null: the same.</summary>
    public Func<byte[], IEnumerable<byte[]>>? AnswerStream { get; set; }

    public ConcurrentQueue<(byte[] Query, EndPoint From)> Asked { get; } = new();

    public static byte[] Reply(byte[] query, byte code = 0, string? address = null, bool truncated = false)
    {
        List<byte> reply = [.. query];
        reply[2] |= 0x80;
        reply[3] = (byte)(0x80 | code);
        if (truncated)
        {
            reply[2] |= 2;
        }

        if (address is not null)
        {
            reply[7] = 1;
            reply.AddRange([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()]);
        }

        return [.. reply];
    }

    public void Dispose()
    {
        _datagrams.Dispose();
        _listener.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                var query = buffer[..received.ReceivedBytes];
                Asked.Enqueue((query, received.RemoteEndPoint));
                foreach (var reply in Answer(query))
                {
                    await _datagrams.SendToAsync(reply, received.RemoteEndPoint);
                }
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeStreamsAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            while (true)
            {
                var query = await NameServerTests.ReadFrameAsync(stream);
                Asked.Enqueue((query, connection.RemoteEndPoint!));
                foreach (var reply in (AnswerStream ?? Answer)(query))
                {
                    var frame = new byte[2 + reply.Length];
                    BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)reply.Length);
                    reply.CopyTo(frame, 2);
                    await stream.WriteAsync(frame);
                }
            }
        }
        catch (IOException)
        {
        }
    }
}
