using System.Buffers.Binary;

namespace Berth.Daemon.Networks.Names;

/// <summary>A query with one question, as a client sent it; RFC 1035 §4. Read strictly: what is read never leads outside the message.</summary>
internal readonly ref struct DnsQuery
{
    private const int RecordLimit = 32;

    private DnsQuery(ReadOnlySpan<byte> header, ReadOnlySpan<byte> question, DnsEdns edns)
    {
        Id = BinaryPrimitives.ReadUInt16BigEndian(header);
        Flags = BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
        Question = question;
        Edns = edns;
    }

    public ushort Id { get; }

    public ushort Flags { get; }

    /// <summary>Name, type and class, as they came; empty when they can't be read.</summary>
    public ReadOnlySpan<byte> Question { get; }

    public DnsEdns Edns { get; }

    /// <summary>In wire form, with the root label.</summary>
    public ReadOnlySpan<byte> Name => Question[..^4];

    public DnsType Type => (DnsType)BinaryPrimitives.ReadUInt16BigEndian(Question[^4..]);

    public ushort Class => BinaryPrimitives.ReadUInt16BigEndian(Question[^2..]);

    /// <summary>Reads a message.</summary>
    /// <param name="query">Of a refused message only the header counts.</param>
    /// <returns>Null: it deserves no answer. Otherwise the code to answer with; <see cref="DnsCode.NoError"/>: it is a question.</returns>
    public static DnsCode? Read(ReadOnlySpan<byte> message, out DnsQuery query)
    {
        query = default;
        if (message.Length < DnsWire.HeaderLength)
        {
            return null;
        }

        query = new DnsQuery(message, default, default);
        if ((query.Flags & DnsWire.Response) != 0)
        {
            return null; // an answer to an answer could go back and forth for ever
        }

        if ((query.Flags & DnsWire.OpcodeMask) != 0)
        {
            return DnsCode.NotImplemented;
        }

        var position = DnsWire.HeaderLength;
        if (Count(message, 4) != 1 || (query.Flags & DnsWire.Truncated) != 0
            || !SkipName(message, ref position, mayPoint: false) || message.Length - position < 4)
        {
            return DnsCode.FormatError;
        }

        position += 4;
        var question = message[DnsWire.HeaderLength..position];
        if (!DnsEdns.Find(message, position, Count(message, 6) + Count(message, 8), Count(message, 10), RecordLimit, out var edns))
        {
            return DnsCode.FormatError;
        }

        query = new DnsQuery(message, question, edns);
        return DnsCode.NoError;
    }

    /// <summary>The name as text without the last dot; -1 when it is not such as containers have: a label with a dot or a control character in it, say.</summary>
    /// <param name="text">At least <see cref="DnsWire.MaxName"/> long.</param>
    public int NameText(Span<char> text)
    {
        var length = 0;
        for (var at = 0; Name[at] != 0; at += Name[at] + 1)
        {
            if (length > 0)
            {
                text[length++] = '.';
            }

            foreach (var character in Name.Slice(at + 1, Name[at]))
            {
                if (character is <= 0x20 or >= 0x7F or (byte)'.')
                {
                    return -1;
                }

                text[length++] = (char)character;
            }
        }

        return length;
    }

    /// <summary>Moves behind a name.</summary>
    /// <param name="mayPoint">A pointer to an earlier name may end it; it is not followed.</param>
    internal static bool SkipName(ReadOnlySpan<byte> message, ref int position, bool mayPoint)
    {
        for (var length = 1; position < message.Length;)
        {
            int label = message[position];
            if (label == 0)
            {
                position++;
                return true;
            }

            if (label > DnsWire.MaxLabel)
            {
                position += 2;
                return mayPoint && label >= 0xC0 && position <= message.Length;
            }

            length += label + 1;
            position += label + 1;
            if (length > DnsWire.MaxName)
            {
                return false;
            }
        }

        return false;
    }

    private static int Count(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
}
