using System.Net;
using System.Net.Sockets;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Volumes;

/// <summary>A file system that a volume's options ask for: what mount(8) would be told.</summary>
/// <param name="Type">As in /proc/filesystems; for a bind, whatever the user wrote.</param>
/// <param name="Device">A block device, a directory of the host, "host:/path", or any text where the type needs none.</param>
internal sealed record VolumeFileSystem(string Type, string Device)
{
    private static readonly Dictionary<string, (MountAttributes Set, MountAttributes Clear)> AttributeWords = new(StringComparer.Ordinal)
    {
        ["ro"] = (MountAttributes.ReadOnly, 0),
        ["rw"] = (0, MountAttributes.ReadOnly),
        ["nosuid"] = (MountAttributes.NoSuid, 0),
        ["suid"] = (0, MountAttributes.NoSuid),
        ["nodev"] = (MountAttributes.NoDevices, 0),
        ["dev"] = (0, MountAttributes.NoDevices),
        ["noexec"] = (MountAttributes.NoExec, 0),
        ["exec"] = (0, MountAttributes.NoExec),
        ["nodiratime"] = (MountAttributes.NoDirectoryAccessTime, 0),
        ["diratime"] = (0, MountAttributes.NoDirectoryAccessTime),
        ["noatime"] = (MountAttributes.NoAccessTime, MountAttributes.AccessTimeMask),
        ["strictatime"] = (MountAttributes.StrictAccessTime, MountAttributes.AccessTimeMask),
        ["relatime"] = (0, MountAttributes.AccessTimeMask),
        ["atime"] = (0, MountAttributes.AccessTimeMask),
    };

    private static readonly Dictionary<string, (MountPropagation Propagation, bool Below)> PropagationWords = new(StringComparer.Ordinal)
    {
        ["private"] = (MountPropagation.Private, false),
        ["rprivate"] = (MountPropagation.Private, true),
        ["shared"] = (MountPropagation.Shared, false),
        ["rshared"] = (MountPropagation.Shared, true),
        ["slave"] = (MountPropagation.Slave, false),
        ["rslave"] = (MountPropagation.Slave, true),
    };

    /// <summary>Shows a directory of the host instead of mounting a file system of its own.</summary>
    public bool IsBind { get; init; }

    /// <summary>A bind brings along what is mounted below.</summary>
    public bool Recursive { get; init; }

    public MountAttributes Attributes { get; init; }

    public MountPropagation Propagation { get; init; }

    public bool PropagationBelow { get; init; }

    /// <summary>The file system's own options: a name alone, or with a value.</summary>
    public IReadOnlyList<(string Key, string? Value)> Data { get; init; } = [];

    private bool IsNetwork => Type is "nfs" or "nfs4" or "cifs" or "smb3";

    /// <param name="volume">The volume's name, for the message.</param>
    /// <param name="words">Separated by commas, mount(8).</param>
    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument.</exception>
    public static VolumeFileSystem Parse(string volume, string type, string device, string words)
    {
        MountAttributes attributes = 0;
        var (propagation, below) = (MountPropagation.Unchanged, false);
        bool bind = false, recursive = false;
        var data = new List<(string, string?)>();
        foreach (var word in words.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (AttributeWords.TryGetValue(word, out var attribute))
            {
                attributes = (attributes & ~attribute.Clear) | attribute.Set;
            }
            else if (PropagationWords.TryGetValue(word, out var wanted))
            {
                (propagation, below) = wanted;
            }
            else if (word is "bind" or "rbind")
            {
                (bind, recursive) = (true, word == "rbind");
            }
            else if (word is "loop" || word.StartsWith("loop=", StringComparison.Ordinal) || word is "user" or "users" or "owner" or "group" or "remount")
            {
                throw VolumeErrors.InvalidOption(volume, $"invalid option: \"o={words}\": {word} is a matter of mount(8), not of the kernel");
            }
            else if (word is not ("defaults" or "auto" or "noauto" or "nofail" or "_netdev" or "async" or "norelatime" or "nostrictatime") && !word.StartsWith("x-", StringComparison.Ordinal))
            {
                var equals = word.IndexOf('=');
                data.Add(equals < 0 ? (word, null) : (word[..equals], word[(equals + 1)..]));
            }
        }

        if (bind && data.Count > 0)
        {
            throw VolumeErrors.InvalidOption(volume, $"invalid option: \"o={words}\": \"{data[0].Item1}\" is not an option of bind mounts");
        }

        if (bind && !device.StartsWith('/'))
        {
            throw VolumeErrors.InvalidOption(volume, $"invalid option: \"device={device}\": a bind needs an absolute path");
        }

        if ((type + device + words).Contains('\0', StringComparison.Ordinal))
        {
            throw VolumeErrors.InvalidOption(volume, "invalid option: a NUL character can't be passed to the kernel");
        }

        return new VolumeFileSystem(type, device)
        {
            IsBind = bind,
            Recursive = recursive,
            Attributes = attributes,
            Propagation = propagation,
            PropagationBelow = below,
            Data = data,
        };
    }

    /// <summary>Refuses what this kernel can't mount whatever happens until then.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument: it has no such file system.</exception>
    public void RequireKernelSupport(string volume)
    {
        if (IsBind)
        {
            return;
        }

        try
        {
            // Makes the kernel load the module, where it has one.
            MountApi.OpenFileSystem(Type).Dispose();
        }
        catch (ErrnoException unknown) when (unknown.Errno == Errno.ENODEV)
        {
            throw VolumeErrors.InvalidOption(volume, $"invalid option: \"type={Type}\": this host's kernel has no file system of that type");
        }
    }

    /// <summary>Mounts it over the directory, where the host and new containers see it.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument: with the kernel's reason.</exception>
    public void MountOn(string directory)
    {
        try
        {
            using var tree = IsBind ? CopyOfTree() : NewFileSystem(directory);
            if (Propagation != MountPropagation.Unchanged)
            {
                MountApi.SetAttributes(tree, 0, 0, Propagation, PropagationBelow, Device);
            }

            MountAttachment.Attach(tree, directory);
        }
        catch (ErrnoException refused)
        {
            // The words of a file system in its context say more than the number.
            var reason = refused.Call == "fsconfig" && refused.Target is { } told && told.EndsWith(')')
                ? $"{ErrnoException.Describe(refused.Errno)} {told[told.IndexOf('(')..]}"
                : ErrnoException.Describe(refused.Errno);
            throw VolumeErrors.MountFailed(directory, Device, reason, refused);
        }
    }

    private SafeFileHandle CopyOfTree()
    {
        var tree = MountApi.CloneTree(Device, Recursive);
        try
        {
            if (Attributes != 0)
            {
                MountApi.SetAttributes(tree, Attributes, 0, MountPropagation.Unchanged, recursive: false, Device);
            }

            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    private SafeFileHandle NewFileSystem(string directory)
    {
        using var context = MountApi.OpenFileSystem(Type);
        MountApi.Configure(context, "source", Device);
        if (Attributes.HasFlag(MountAttributes.ReadOnly))
        {
            MountApi.Configure(context, "ro", (string?)null);
        }

        foreach (var (key, value) in IsNetwork ? WithAddress(directory) : Data)
        {
            MountApi.Configure(context, key, value);
        }

        return MountApi.Mount(context, Attributes, directory);
    }

    /// <summary>The kernel knows no names: mount.nfs(8) and mount.cifs(8) hand it the address.</summary>
    private List<(string Key, string? Value)> WithAddress(string directory)
    {
        var given = Data.FirstOrDefault(option => option.Key is "addr" or "ip").Value;
        var host = given ?? (Device.StartsWith("//", StringComparison.Ordinal) ? Device[2..].Split('/')[0] : NfsHost());
        var others = Data.Where(option => option.Key is not ("addr" or "ip")).ToList();
        if (host.Length > 0)
        {
            others.Add(("addr", Resolve(host, directory)));
        }

        return others;
    }

    private string NfsHost()
    {
        var colon = Device.StartsWith('[') ? Device.IndexOf("]:", StringComparison.Ordinal) + 1 : Device.IndexOf(':');
        return colon <= 0 ? "" : Device[..colon].Trim('[', ']');
    }

    private static string Resolve(string host, string directory)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return literal.ToString();
        }

        try
        {
            var addresses = Dns.GetHostAddresses(host);
            return (Array.Find(addresses, address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0]).ToString();
        }
        catch (SocketException unknown)
        {
            throw VolumeErrors.UnresolvedAddress(directory, host, unknown);
        }
    }
}
