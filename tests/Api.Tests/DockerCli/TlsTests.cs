using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

/// <summary>The API over TCP, where client and daemon prove who they are.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task Run_OverMutualTls_CarriesStreamsAndHalfClose()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null && Host.Find("docker") is not null, "needs root, the published programs and the docker CLI");
        using var files = new TemporaryDirectory();
        WriteCertificates(files);
        var address = $"127.0.0.1:{Host.FreePort()}";
        await using var daemon = await TestDaemon.StartAsync(
            "-H", $"tcp://{address}", "--tlsverify", "--tlscacert", files["ca.pem"], "--tlscert", files["server.pem"], "--tlskey", files["server-key.pem"]);
        string[] trusted = ["--tlsverify", "--tlscacert", files["ca.pem"], "--tlscert", files["cert.pem"], "--tlskey", files["key.pem"], "-H", $"tcp://{address}"];

        var docker = (await new Command("docker", [.. trusted, "run", "--rm", "-i", "busybox", "cat"]).Input("over tls\n").RunAsync()).Expect(0);
        var berth = (await new Command(Host.Program("berth"), "-H", $"tcp://{address}", "run", "--rm", "-i", "busybox", "cat")
            .With("DOCKER_TLS_VERIFY", "1").With("DOCKER_CERT_PATH", files.Path).Input("and so\n").RunAsync()).Expect(0);

        Assert.Equal("over tls\n", docker.Output);
        Assert.Equal("and so\n", berth.Output);
    }

    [Fact]
    public async Task Connect_WithoutACertificateOfTheAuthority_IsRefused()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null, "needs root and the published programs");
        using var files = new TemporaryDirectory();
        WriteCertificates(files);
        var port = Host.FreePort();
        await using var daemon = await TestDaemon.StartEmptyAsync(
            "-H", $"tcp://127.0.0.1:{port}", "--tlsverify", "--tlscacert", files["ca.pem"], "--tlscert", files["server.pem"], "--tlskey", files["server-key.pem"]);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        using var anybody = new HttpClient(handler);

        await Assert.ThrowsAsync<HttpRequestException>(() => anybody.GetAsync(new Uri($"https://127.0.0.1:{port}/_ping")));
    }

    [Fact]
    public async Task Start_OnTcpWithoutTls_RefusesAndSaysWhatToDo()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null, "needs root and the published programs");
        using var files = new TemporaryDirectory();

        var result = await new Command(Host.Program("berthd"), "-H", $"tcp://127.0.0.1:{Host.FreePort()}", "--data-root", files["data"], "--exec-root", files["run"]).RunAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--tlsverify", result.Error, StringComparison.Ordinal);
        Assert.Contains("--allow-unauthenticated-tcp", result.Error, StringComparison.Ordinal);
    }

    private static void WriteCertificates(TemporaryDirectory files)
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=test authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = authority.CreateSelfSigned(from, to);
        File.WriteAllText(files["ca.pem"], root.ExportCertificatePem());
        Write("server.pem", "server-key.pem", "1.3.6.1.5.5.7.3.1", 1);
        Write("cert.pem", "key.pem", "1.3.6.1.5.5.7.3.2", 2);

        void Write(string certificate, string privateKey, string usage, byte serial)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
            using var signed = request.Create(root, from, to, [serial]);
            File.WriteAllText(files[certificate], signed.ExportCertificatePem());
            File.WriteAllText(files[privateKey], key.ExportPkcs8PrivateKeyPem());
        }
    }
}
