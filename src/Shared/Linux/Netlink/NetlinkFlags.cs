namespace Berth.Shared.Linux.Netlink;

/// <summary>nlmsg_flags of &lt;linux/netlink.h&gt;; the values above 0x80 mean other things for "get" than for "new" requests.</summary>
[Flags]
public enum NetlinkFlags : ushort
{
    None = 0,
    Request = 0x1,
    Multi = 0x2,
    Acknowledge = 0x4,
    DumpInterrupted = 0x10,
    AcknowledgementAttributes = 0x200,

    Dump = 0x300,

    Replace = 0x100,
    Exclusive = 0x200,
    Create = 0x400,
    Append = 0x800,
}
