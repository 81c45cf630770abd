using System.Buffers.Binary;
using System.Text;

namespace Berth.Shared.Linux.Netlink;

/// <summary>
/// Appends a rule's expressions. Registers are the kernel's 4-byte ones, numbered from 0 (NFT_REG32_00); a value of
/// more than four bytes fills the following ones too. An expression that doesn't match ends the rule.
/// </summary>
public sealed class NftRule(NetlinkRequest request)
{
    private const uint FirstRegister = 8; // NFT_REG32_00
    private const int InterfaceNameLength = 16;

    public NftRule Load(NftMeta what, int register = 0) => Expression("meta", () => request
        .BigEndian(1, Register(register)).BigEndian(2, (uint)what));

    /// <summary>Loads bytes of the IP header.</summary>
    public NftRule LoadNetwork(int offset, int length, int register = 0) => LoadPayload(1, offset, length, register);

    /// <summary>Loads bytes of the TCP or UDP header; the rule must have asked for the protocol before.</summary>
    public NftRule LoadTransport(int offset, int length, int register = 0) => LoadPayload(2, offset, length, register);

    /// <summary>Goes on if the destination is an address of this host, whichever interface it is on.</summary>
    public NftRule DestinationIsLocal()
    {
        const uint addressType = 3, destination = 2;
        Expression("fib", () => request.BigEndian(1, Register(0)).BigEndian(2, addressType).BigEndian(3, destination));
        return Equal([2, 0, 0, 0]); // RTN_LOCAL, in the machine's order
    }

    public NftRule Family(NftFamily family) => Load(NftMeta.Family).Equal([(byte)family]);

    /// <summary>Goes on if the connection's destination was translated (by whoever's rule).</summary>
    public NftRule WasDestinationTranslated() => ConnectionHasAny(key: 2, mask: 0x20); // CT STATUS, IPS_DST_NAT

    /// <summary>Goes on if the packet belongs to, or goes with, a connection that was let through before.</summary>
    public NftRule IsEstablishedOrRelated() => ConnectionHasAny(key: 0, mask: 0x6);

    public NftRule Equal(ReadOnlySpan<byte> value, int register = 0) => Compare(0, value, register);

    public NftRule NotEqual(ReadOnlySpan<byte> value, int register = 0) => Compare(1, value, register);

    public NftRule InputIs(string interfaceName) => Load(NftMeta.InputName).Equal(NameBytes(interfaceName));

    /// <summary>Goes on if the key that starts at a register is in the set, or, inverted, if it isn't.</summary>
    public NftRule In(string set, bool inverted = false, int register = 0) => Expression("lookup", () =>
    {
        request.Attribute(1, set).BigEndian(2, Register(register));
        if (inverted)
        {
            request.BigEndian(5, 1);
        }
    });

    /// <summary>Puts what the map holds for the key at register 0 into the registers from 0 on; goes on if it holds something.</summary>
    public NftRule Map(string map) => Expression("lookup", () => request
        .Attribute(1, map).BigEndian(2, Register(0)).BigEndian(3, Register(0)));

    /// <summary>Sends the connection to the address at register 0 and the port in the register after it.</summary>
    public NftRule TranslateDestination(NftFamily family)
    {
        const uint destination = 1;
        var port = family == NftFamily.IPv6 ? 4 : 1;
        return Expression("nat", () => request
            .BigEndian(1, destination).BigEndian(2, (uint)family).BigEndian(3, Register(0)).BigEndian(5, Register(port)));
    }

    /// <summary>Gives the connection the address of the interface that it leaves by as its source.</summary>
    public NftRule Masquerade() => Expression("masq", () => { });

    /// <summary>Puts bytes into the registers from one on.</summary>
    public NftRule Set(ReadOnlySpan<byte> value, int register = 0)
    {
        var bytes = value.ToArray();
        return Expression("immediate", () =>
        {
            request.BigEndian(1, Register(register));
            Data(2, bytes);
        });
    }

    /// <summary>Overwrites bytes of the TCP or UDP header with a register's, and corrects the checksum; the rule must have asked for the protocol before.</summary>
    /// <param name="checksumOffset">Where the protocol's header has its checksum: 16 for TCP, 6 for UDP.</param>
    public NftRule StoreTransport(int offset, int length, int checksumOffset, int register = 0)
    {
        const uint transport = 2, internetChecksum = 1;
        return Expression("payload", () => request
            .BigEndian(5, Register(register)).BigEndian(2, transport).BigEndian(3, (uint)offset).BigEndian(4, (uint)length)
            .BigEndian(6, internetChecksum).BigEndian(7, (uint)checksumOffset).BigEndian(8, 0));
    }

    public NftRule Drop() => Verdict(0);

    public NftRule Accept() => Verdict(1);

    public NftRule Return() => Verdict(unchecked((uint)-5));

    /// <summary>An interface's name as sets and comparisons hold it.</summary>
    public static byte[] NameBytes(string interfaceName)
    {
        var bytes = new byte[InterfaceNameLength];
        Encoding.UTF8.GetBytes(interfaceName, bytes);
        return bytes;
    }

    private static uint Register(int register) => FirstRegister + (uint)register;

    private NftRule LoadPayload(uint from, int offset, int length, int register) => Expression("payload", () => request
        .BigEndian(1, Register(register)).BigEndian(2, from).BigEndian(3, (uint)offset).BigEndian(4, (uint)length));

    private NftRule Compare(uint operation, ReadOnlySpan<byte> value, int register)
    {
        var bytes = value.ToArray();
        return Expression("cmp", () =>
        {
            request.BigEndian(1, Register(register)).BigEndian(2, operation);
            Data(3, bytes);
        });
    }

    private NftRule ConnectionHasAny(uint key, uint mask)
    {
        Expression("ct", () => request.BigEndian(1, Register(0)).BigEndian(2, key));
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, mask); // the machine's order; Berth's machines are little endian
        Expression("bitwise", () =>
        {
            request.BigEndian(1, Register(0)).BigEndian(2, Register(0)).BigEndian(3, 4);
            Data(4, bytes);
            Data(5, [0, 0, 0, 0]);
        });
        return NotEqual([0, 0, 0, 0]);
    }

    private NftRule Verdict(uint code) => Expression("immediate", () =>
    {
        request.BigEndian(1, 0); // NFT_REG_VERDICT
        using var data = request.Nested(2);
        using var verdict = request.Nested(2);
        request.BigEndian(1, code);
    });

    private void Data(ushort type, ReadOnlySpan<byte> value)
    {
        using var data = request.Nested(type);
        request.Attribute(1, value);
    }

    private NftRule Expression(string name, Action attributes)
    {
        using var element = request.Nested(1);
        request.Attribute(1, name);
        using var data = request.Nested(2);
        attributes();
        return this;
    }
}
