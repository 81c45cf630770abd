using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Client.CommandLine;

namespace Berth.Client.Engine;

/// <summary>The PEM files of a TLS connection; those that do not exist are not used.</summary>
/// <param name="Verify">Whether the daemon must prove who it is.</param>
internal sealed record TlsFiles(string? AuthorityFile, string? CertificateFile, string? KeyFile, bool Verify)
{
    public static TlsFiles InDirectory(string directory, bool verify)
        => new(Path.Combine(directory, "ca.pem"), Path.Combine(directory, "cert.pem"), Path.Combine(directory, "key.pem"), verify);

    /// <returns>The authorities to trust instead of the system's, or <see langword="null"/>.</returns>
    public X509Certificate2Collection? LoadAuthorities()
    {
        if (AuthorityFile is null || !File.Exists(AuthorityFile))
        {
            return null;
        }

        return Load(AuthorityFile, static file =>
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities;
        });
    }

    public X509Certificate2? LoadClientCertificate()
    {
        if (CertificateFile is null || KeyFile is null || !File.Exists(CertificateFile))
        {
            return null;
        }

        return Load(CertificateFile, file => X509Certificate2.CreateFromPemFile(file, KeyFile));
    }

    private static T Load<T>(string file, Func<string, T> load)
    {
        try
        {
            return load(file);
        }
        catch (Exception failed) when (failed is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"cannot use the TLS file {file}: {failed.Message}", inner: failed);
        }
    }
}
