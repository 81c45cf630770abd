using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Unix sockets at paths of any length. The kernel's address holds 108 bytes; a longer path is reached through a descriptor of its directory
/// (/proc/self/fd/N/name). See unix(7), "BUGS" and "Pathname sockets".
/// </summary>
public static class UnixSocketPath
{
    /// <summary>sizeof sun_path, its terminating zero included.</summary>
    public const int MaxAddress = 108;

    /// <exception cref="SocketException">ENOENT: no such socket. ECONNREFUSED: nobody listens.</exception>
    public static async Task<Socket> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var (address, directory) = Shorten(path);
            using (directory)
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address), ct);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An address that fits, and the descriptor that it needs while in use.</summary>
    /// <exception cref="ErrnoException">The directory can't be opened.</exception>
    public static (string Address, SafeFileHandle? Directory) Shorten(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) < MaxAddress)
        {
            return (path, null);
        }

        var directory = Descriptors.OpenDirectory(Path.GetDirectoryName(path) ?? "/");
        return ($"/proc/self/fd/{directory.Fd()}/{Path.GetFileName(path)}", directory);
    }
}
