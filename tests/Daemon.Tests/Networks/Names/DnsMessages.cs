using System.Buffers.Binary;
using System.Net;
using System.Text;
using Berth.Daemon.Networks.Names;

namespace Berth.Daemon.Tests.Networks.Names;

/// <summary>Messages as clients make them, and answers as clients read them; written apart from the code under test.</summary>
internal static class DnsMessages
{
    public static byte[] Query(string name, DnsType type, ushort id = 0x1234, ushort edns = 0, byte ednsVersion = 0, bool dnssec = false)
    {
        var bytes = new List<byte> { (byte)(id >> 8), (byte)id, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns > 0 ? 1 : 0) };
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.AddRange([0, (byte)((int)type >> 8), (byte)type, 0, 1]);
        if (edns > 0)
        {
            bytes.AddRange([0, 0, 41, (byte)(edns >> 8), (byte)edns, 0, ednsVersion, (byte)(dnssec ? 0x80 : 0), 0, 0, 0]);
        }

        return [.. bytes];
    }

    public static DnsAnswer Read(ReadOnlySpan<byte> message)
    {
        var flags = Number(message, 2);
        var position = 12;
        var question = Name(message, ref position);
        position += 4;
        var addresses = new List<IPAddress>();
        var pointers = new List<string>();
        var ttls = new List<uint>();
        for (var i = 0; i < Number(message, 6); i++)
        {
            Name(message, ref position);
            var type = (DnsType)Number(message, position);
            ttls.Add(BinaryPrimitives.ReadUInt32BigEndian(message[(position + 4)..]));
            var length = Number(message, position + 8);
            position += 10;
            if (type == DnsType.Ptr)
            {
                var at = position;
                pointers.Add(Name(message, ref at));
            }
            else
            {
                addresses.Add(new IPAddress(message.Slice(position, length)));
            }

            position += length;
        }

        var hasOpt = Number(message, 10) == 1;
        if (hasOpt)
        {
            position += 11;
        }

        Assert.Equal(message.Length, position);
        return new DnsAnswer(Number(message, 0), (DnsCode)(flags & 0xF), (flags & 0x200) != 0, question, addresses, pointers, ttls, hasOpt);
    }

    private static ushort Number(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);

    private static string Name(ReadOnlySpan<byte> message, ref int position)
    {
        var labels = new List<string>();
        while (message[position] != 0)
        {
            if (message[position] >= 0xC0)
            {
                var at = Number(message, position) & 0x3FFF;
                position += 2;
                return string.Join('.', labels.Append(Name(message, ref at)));
            }

            labels.Add(Encoding.ASCII.GetString(message.Slice(position + 1, message[position])));
            position += message[position] + 1;
        }

        position++;
        return string.Join('.', labels);
    }
}

internal sealed record DnsAnswer(
    ushort Id, DnsCode Code, bool Truncated, string Question, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<string> Pointers, IReadOnlyList<uint> SecondsToLive, bool HasOpt);
