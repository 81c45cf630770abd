using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux.Netlink;

/// <summary>Makes a value of one message of a dump; null to leave it out.</summary>
/// <param name="payload">What follows the netlink header.</param>
public delegate T? NetlinkReader<out T>(ushort type, ReadOnlySpan<byte> payload);

/// <summary>
/// A netlink socket; netlink(7). It belongs to the network namespace in which it was opened, whatever thread uses it
/// later. Not for use by two threads at once.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    private const int HeaderLength = 16;
    private const ushort MessageError = 2;
    private const ushort MessageDone = 3;
    private const ushort ExtendedText = 1; // NLMSGERR_ATTR_MSG

    private readonly SafeFileHandle _socket;
    private readonly byte[] _received = new byte[64 << 10];
    private uint _sequence = 1;

    private NetlinkSocket(SafeFileHandle socket, uint portId) => (_socket, PortId) = (socket, portId);

    /// <summary>The socket's netlink address, by which notifications tell who made a change.</summary>
    public uint PortId { get; }

    public SafeFileHandle Handle => _socket;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <param name="groups">Bit mask of the legacy multicast groups to listen to.</param>
    /// <exception cref="ErrnoException">EPROTONOSUPPORT: the kernel has no such protocol.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol, uint groups = 0)
    {
        const int closeOnExec = 0x80000;
        var socket = Syscall.CheckFd(Libc.netlink_socket(Libc.AF_NETLINK, Libc.SOCK_RAW | closeOnExec, (int)protocol), "socket", $"netlink {protocol}");
        try
        {
            Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_EXT_ACK, 1);
            Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_CAP_ACK, 1);
            Set(socket, Libc.SOL_SOCKET, Libc.SO_SNDBUF, 1 << 20);
            Set(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, 1 << 20);
            if (groups == 0)
            {
                // The kernel answers within the send; this only turns a bug into an error in place of a hang.
                var limit = new Libc.SocketTimeout { Seconds = 20 };
                Syscall.Check(Libc.setsockopt_raw(socket.Fd(), Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, &limit, (uint)sizeof(Libc.SocketTimeout)), "setsockopt", "SO_RCVTIMEO");
            }

            var address = new Libc.NetlinkAddress { Family = Libc.AF_NETLINK, Groups = groups };
            var length = (uint)sizeof(Libc.NetlinkAddress);
            Syscall.Check(Libc.netlink_bind(socket.Fd(), &address, length), "bind", $"netlink {protocol}");
            Syscall.Check(Libc.netlink_getsockname(socket.Fd(), &address, &length), "getsockname", $"netlink {protocol}");
            return new NetlinkSocket(socket, address.PortId);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends the messages together and waits until the kernel has done them all.</summary>
    /// <remarks>rtnetlink goes on after a failed message; an nftables batch is done whole or not at all.</remarks>
    /// <exception cref="ErrnoException">The first failure; its target says which message it was, with the kernel's own words where it gives some.</exception>
    public void Execute(NetlinkRequest request)
    {
        var count = request.Count;
        if (count == 0)
        {
            return;
        }

        var acknowledged = request.IsTransaction ? count - 2 : count - 1;
        var first = NextSequences(count);
        Send(request.Seal(first, PortId, acknowledged));
        ErrnoException? failure = null;
        while (true)
        {
            foreach (var message in new Messages(Receive()))
            {
                var index = (int)(message.Sequence - first);
                if (message.Type != MessageError || index < 0 || index >= count)
                {
                    continue; // an echo, or the late answer to a request that timed out
                }

                failure ??= FailureOf(message, request.Describe(index));
                // A batch that could not begin is answered at its first message alone.
                if (index == acknowledged || (index == 0 && failure is not null && request.IsTransaction))
                {
                    Finish(failure);
                    return;
                }
            }
        }
    }

    /// <summary>Asks for a list and reads all of it, again from the start when it changed in between.</summary>
    /// <param name="request">One message with <see cref="NetlinkFlags.Dump"/>.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public List<T> Dump<T>(NetlinkRequest request, NetlinkReader<T> read)
    {
        const int attempts = 8;
        for (var attempt = 1; ; attempt++)
        {
            var results = new List<T>();
            if (TryDump(request, read, results) || attempt == attempts)
            {
                return results; // after so many changes in a row a list with a seam is the best there is
            }
        }
    }

    /// <summary>Asks for one object.</summary>
    /// <exception cref="ErrnoException">ENOENT, ENODEV: there is none.</exception>
    public T? Get<T>(NetlinkRequest request, NetlinkReader<T> read)
    {
        var first = NextSequences(1);
        Send(request.Seal(first, PortId, acknowledged: null));
        while (true)
        {
            foreach (var message in new Messages(Receive()))
            {
                if (message.Sequence != first)
                {
                    continue;
                }

                if (message.Type == MessageError)
                {
                    Finish(FailureOf(message, request.Describe(0)));
                    return default;
                }

                return read(message.Type, message.Payload);
            }
        }
    }

    /// <summary>Waits for notifications; calls <paramref name="read"/> for each message of one datagram.</summary>
    /// <exception cref="ErrnoException">105 (ENOBUFS): some were lost.</exception>
    public void ReceiveNotifications(NetlinkNotification read)
    {
        foreach (var message in new Messages(Receive()))
        {
            read(message.Type, message.PortId, message.Payload);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static void Set(SafeFileHandle socket, int level, int option, int value)
        => Syscall.Check(Libc.setsockopt_raw(socket.Fd(), level, option, &value, sizeof(int)), "setsockopt", "netlink");

    private static void Finish(ErrnoException? failure)
    {
        if (failure is not null)
        {
            throw failure;
        }
    }

    private static ErrnoException? FailureOf(Message message, string what)
    {
        var code = message.Payload.Length >= 4 ? MemoryMarshal.Read<int>(message.Payload) : 0;
        if (code == 0)
        {
            return null;
        }

        const int errorAndHeader = 4 + HeaderLength; // NETLINK_CAP_ACK: of the request only its header comes back
        if ((message.Flags & NetlinkFlags.AcknowledgementAttributes) != 0 && message.Payload.Length > errorAndHeader)
        {
            var words = new NetlinkAttribute(ExtendedText, new NetlinkAttributes(message.Payload[errorAndHeader..]).Find(ExtendedText)).AsText;
            what = words.Length == 0 ? what : $"{what} ({words})";
        }

        return new ErrnoException((Errno)(-code), "netlink", what);
    }

    private bool TryDump<T>(NetlinkRequest request, NetlinkReader<T> read, List<T> results)
    {
        var first = NextSequences(1);
        Send(request.Seal(first, PortId, acknowledged: null));
        var whole = true;
        while (true)
        {
            foreach (var message in new Messages(Receive()))
            {
                if (message.Sequence != first)
                {
                    continue;
                }

                whole &= (message.Flags & NetlinkFlags.DumpInterrupted) == 0;
                if (message.Type is MessageError or MessageDone)
                {
                    Finish(FailureOf(message, request.Describe(0)));
                    return whole;
                }

                if (read(message.Type, message.Payload) is { } result)
                {
                    results.Add(result);
                }
            }
        }
    }

    private uint NextSequences(int count)
    {
        var first = _sequence;
        _sequence += (uint)count;
        return first;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (Libc.send_raw(_socket.Fd(), start, (nuint)bytes.Length, 0) < 0)
            {
                if (Syscall.LastErrno != Errno.EINTR)
                {
                    throw new ErrnoException(Syscall.LastErrno, "send", "netlink");
                }
            }
        }
    }

    private ReadOnlySpan<byte> Receive()
    {
        fixed (byte* start = _received)
        {
            while (true)
            {
                var length = Libc.recv_raw(_socket.Fd(), start, (nuint)_received.Length, 0);
                if (length >= 0)
                {
                    return _received.AsSpan(0, (int)length);
                }

                if (Syscall.LastErrno != Errno.EINTR)
                {
                    throw new ErrnoException(Syscall.LastErrno, "recv", "netlink");
                }
            }
        }
    }

    private readonly ref struct Message(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public ushort Type => MemoryMarshal.Read<ushort>(_bytes[4..]);

        public NetlinkFlags Flags => (NetlinkFlags)MemoryMarshal.Read<ushort>(_bytes[6..]);

        public uint Sequence => MemoryMarshal.Read<uint>(_bytes[8..]);

        public uint PortId => MemoryMarshal.Read<uint>(_bytes[12..]);

        public ReadOnlySpan<byte> Payload => _bytes[HeaderLength..];
    }

    private ref struct Messages(ReadOnlySpan<byte> datagram)
    {
        private ReadOnlySpan<byte> _rest = datagram;

        public Message Current { get; private set; }

        public readonly Messages GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.Length < HeaderLength)
            {
                return false;
            }

            var length = MemoryMarshal.Read<int>(_rest);
            if (length < HeaderLength || length > _rest.Length)
            {
                return false;
            }

            Current = new Message(_rest[..length]);
            _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
            return true;
        }
    }
}

/// <summary>Takes one message of a multicast group.</summary>
/// <param name="portId">The address of the socket whose request made the change.</param>
public delegate void NetlinkNotification(ushort type, uint portId, ReadOnlySpan<byte> payload);
