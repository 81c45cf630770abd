namespace Berth.Daemon.Images.Snapshots;

/// <summary>Which extended attributes a layer may bring, and those that overlayfs keeps its own notes in.</summary>
internal static class OverlayAttributes
{
    public static ReadOnlySpan<byte> Opaque => "trusted.overlay.opaque"u8;

    public static ReadOnlySpan<byte> OpaqueValue => "y"u8;

    /// <summary>
    /// File capabilities, ACLs and users' own. Never overlay's (redirect or metacopy would let a layer show files of another, or of the host), and none
    /// that carries the policy of the machine the image was made on (security.selinux, security.ima, trusted.*).
    /// </summary>
    public static bool MayBringFromArchive(ReadOnlySpan<byte> name)
        => name.SequenceEqual("security.capability"u8)
            || name.SequenceEqual("system.posix_acl_access"u8)
            || name.SequenceEqual("system.posix_acl_default"u8)
            || (name.StartsWith("user."u8) && !name.StartsWith("user.overlay."u8));
}
