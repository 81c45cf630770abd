using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Berth.Daemon.Hosting;

/// <summary>TLS for TCP listeners. With --tlsverify a client must have a certificate that the given authority signed, and nothing else counts.</summary>
internal static class ServerCertificates
{
    /// <exception cref="OptionException">A file is missing or is no certificate or key.</exception>
    public static HttpsConnectionAdapterOptions Load(DaemonOptions options)
    {
        try
        {
            var https = new HttpsConnectionAdapterOptions
            {
                ServerCertificate = X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey),
                SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            };
            if (options.TlsVerify)
            {
                var authority = new X509Certificate2Collection();
                authority.ImportFromPemFile(options.TlsCaCertificate);
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => IsSignedBy(authority, certificate);
            }

            return https;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OptionException($"can't serve TLS: {e.Message}");
        }
    }

    private static bool IsSignedBy(X509Certificate2Collection authority, X509Certificate2 certificate)
    {
        // A chain of our own: the system's authorities must not let anybody in.
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2")); // client authentication
        return chain.Build(certificate);
    }
}
