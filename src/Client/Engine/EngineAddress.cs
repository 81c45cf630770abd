using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Berth.Client.CommandLine;
using Berth.Client.Engine.Http;
using Berth.Shared.Linux;

namespace Berth.Client.Engine;

/// <summary>Where the daemon listens, and how to get there.</summary>
internal sealed record EngineAddress(string Text, string? SocketPath, string Host, int Port, TlsFiles? Tls)
{
    public const string Default = "unix:///run/berth/berth.sock";

    /// <summary>The value of the Host header; a Unix socket has none, and daemons ignore it.</summary>
    public string HostHeader => SocketPath is null ? $"{Host}:{Port}" : "berth";

    /// <exception cref="CommandFailedException">No such form of address, or one that this client does not speak.</exception>
    public static EngineAddress Parse(string text, TlsFiles? tls)
    {
        if (text.StartsWith("unix://", StringComparison.Ordinal))
        {
            var path = text["unix://".Length..];
            return path.Length > 0
                ? new EngineAddress(text, path, "", 0, null)
                : throw new CommandFailedException($"the address \"{text}\" lacks the socket's path");
        }

        if (text.StartsWith('/'))
        {
            return new EngineAddress("unix://" + text, text, "", 0, null);
        }

        foreach (var scheme in new[] { "tcp://", "http://", "https://" })
        {
            if (text.StartsWith(scheme, StringComparison.Ordinal))
            {
                return ParseTcp(text, text[scheme.Length..].TrimEnd('/'), scheme == "https://" ? tls ?? new TlsFiles(null, null, null, true) : tls);
            }
        }

        throw new CommandFailedException($"cannot use the address \"{text}\": write unix:///path or tcp://host:port");
    }

    /// <exception cref="EngineUnreachableException">Nobody answers there.</exception>
    public Transport Connect()
    {
        try
        {
            return SocketPath is not null ? new UnixTransport(ByteStreams.ConnectUnix(SocketPath)) : ConnectTcp();
        }
        catch (ErrnoException failed)
        {
            throw new EngineUnreachableException(Text, ErrnoException.Describe(failed.Errno), failed);
        }
        catch (SocketException failed)
        {
            var words = failed.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain ? "no such host" : ErrnoException.Describe((Errno)failed.NativeErrorCode);
            throw new EngineUnreachableException(Text, words, failed);
        }
        catch (Exception failed) when (failed is IOException or System.Security.Authentication.AuthenticationException)
        {
            throw new EngineUnreachableException(Text, (failed.InnerException ?? failed).Message, failed);
        }
    }

    private static EngineAddress ParseTcp(string text, string authority, TlsFiles? tls)
    {
        var colon = authority.LastIndexOf(':');
        var hasPort = colon >= 0 && !authority.EndsWith(']');
        var host = (hasPort ? authority[..colon] : authority).Trim('[', ']');
        var port = tls is null ? 2375 : 2376;
        if (host.Length == 0
            || (hasPort && !int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port))
            || port is < 1 or > 65535)
        {
            throw new CommandFailedException($"the address \"{text}\" is not of the form tcp://host:port");
        }

        return new EngineAddress(text, null, host, port, tls);
    }

    private TcpTransport ConnectTcp()
    {
        var isAddress = IPAddress.TryParse(Host, out var address);
        var socket = isAddress
            ? new Socket(address!.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (address is not null)
            {
                socket.Connect(address, Port);
            }
            else
            {
                socket.Connect(Host, Port);
            }

            var plain = new NetworkStream(socket, ownsSocket: false);
            return new TcpTransport(socket, Tls is null ? plain : Encrypt(plain, Tls));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SslStream Encrypt(NetworkStream plain, TlsFiles files)
    {
        var authorities = files.LoadAuthorities();
        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = Host,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificates = files.LoadClientCertificate() is { } own ? [own] : null,
        };
        if (!files.Verify)
        {
            // --tls without --tlsverify: the user asked for encryption without proof of who is there.
#pragma warning disable CA5359
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        tls.AuthenticateAsClient(options);
        return tls;
    }
}
