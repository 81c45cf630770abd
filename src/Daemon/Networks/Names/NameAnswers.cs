using System.Net;
using System.Net.Sockets;

namespace Berth.Daemon.Networks.Names;

/// <summary>Answers what the daemon knows itself, and says what is to be asked elsewhere. No sockets here.</summary>
internal sealed class NameAnswers(NameTable table)
{
    /// <summary>
    /// A client may keep an answer for a second, so that all know of a change within one. Not 0: some resolvers take
    /// that for an error.
    /// </summary>
    public const uint SecondsToLive = 1;

    private uint _turn;

    /// <summary>Judges one message.</summary>
    /// <param name="limit">The largest reply, for TCP; null: what the message says of UDP.</param>
    /// <param name="reply">Takes the answer.</param>
    /// <param name="length">Of the answer.</param>
    public NameVerdict Judge(NameScope scope, ReadOnlySpan<byte> message, int? limit, Span<byte> reply, out int length)
    {
        length = 0;
        if (DnsQuery.Read(message, out var query) is not { } code)
        {
            return NameVerdict.Ignore;
        }

        var size = limit ?? DnsReply.UdpLimit(query);
        if (code != DnsCode.NoError || query.Edns.Version != 0)
        {
            length = new DnsReply(reply, query, code, size).Complete();
            return NameVerdict.Reply;
        }

        if (query.Class == DnsWire.ClassInternet && TryAnswer(scope, query, size, reply, out length))
        {
            return NameVerdict.Reply;
        }

        if (scope.Forwards)
        {
            return NameVerdict.Forward;
        }

        length = new DnsReply(reply, query, DnsCode.ServerFailure, size).Complete();
        return NameVerdict.Reply;
    }

    /// <summary>Writes a failure in answer to a message that was read before.</summary>
    public static int Fail(ReadOnlySpan<byte> message, DnsCode code, Span<byte> reply)
        => DnsQuery.Read(message, out var query) is null ? 0 : new DnsReply(reply, query, code, DnsReply.UdpLimit(query)).Complete();

    private bool TryAnswer(NameScope scope, DnsQuery query, int size, Span<byte> buffer, out int length)
    {
        length = 0;
        Span<char> text = stackalloc char[DnsWire.MaxName];
        var textLength = query.NameText(text);
        if (textLength <= 0)
        {
            return false;
        }

        var name = text[..textLength];
        if (query.Type == DnsType.Ptr && ReverseName.Parse(name) is { } address)
        {
            return TryAnswerPointer(scope, query, address, size, buffer, out length);
        }

        AddressFamily? family = query.Type switch
        {
            DnsType.A => AddressFamily.InterNetwork,
            DnsType.Aaaa => AddressFamily.InterNetworkV6,
            _ => null,
        };
        var found = table.Find(scope, name, family);
        if (found is null)
        {
            // The client adds its search domains to such a name; asked as it is, it could only be somebody else's.
            if (family is null || !scope.Settings.HasDots || name.Contains('.'))
            {
                return false;
            }

            found = [];
        }

        var reply = new DnsReply(buffer, query, DnsCode.NoError, size);
        if (family is not null || query.Type == DnsType.Any) // of other types there are none, and nobody else is asked for them
        {
            AddInTurn(ref reply, found);
        }

        length = reply.Complete();
        return true;
    }

    // Each answer begins with another address, so that clients that take the first spread over all.
    private void AddInTurn(ref DnsReply reply, IReadOnlyList<IPAddress> addresses)
    {
        var first = _turn++ % (uint)Math.Max(1, addresses.Count);
        for (var i = 0; i < addresses.Count; i++)
        {
            if (!reply.Add(addresses[(int)((first + (uint)i) % (uint)addresses.Count)], SecondsToLive))
            {
                return;
            }
        }
    }

    private bool TryAnswerPointer(NameScope scope, DnsQuery query, IPAddress address, int size, Span<byte> buffer, out int length)
    {
        length = 0;
        if (table.FindName(scope, address) is not { } name)
        {
            return false;
        }

        var reply = new DnsReply(buffer, query, DnsCode.NoError, size);
        reply.AddPointer(name, SecondsToLive);
        length = reply.Complete();
        return true;
    }
}

internal enum NameVerdict
{
    Ignore,
    Reply,
    Forward,
}
