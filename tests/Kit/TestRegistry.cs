using System.Diagnostics;
using System.Net;

namespace Berth.Kit;

/// <summary>Debian's docker-registry on a free port of loopback, with storage of its own.</summary>
public sealed class TestRegistry : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly Process process;

    private TestRegistry(int port, bool asksForPassword)
    {
        Address = $"127.0.0.1:{port}";
        // User "berth", password "secret".
        File.WriteAllText(directory["htpasswd"], "berth:$2b$04$XpPsOoiRDleunHM9CeztV.P8/e.ByQ3rXeTK9m2nqKy3RudfyMbmW\n");
        File.WriteAllText(directory["config.yml"], $$"""
            version: 0.1
            log: { level: warn }
            storage:
              filesystem: { rootdirectory: {{directory["data"]}} }
              delete: { enabled: true }
            http: { addr: "{{Address}}" }
            {{(asksForPassword ? $$"""auth: { htpasswd: { realm: berth, path: {{directory["htpasswd"]}} } }""" : "")}}
            """);
        process = new Command(Host.Find("docker-registry") ?? throw new InvalidOperationException("docker-registry is not installed"), "serve", directory["config.yml"]).Start();
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static bool IsInstalled => Host.Find("docker-registry") is not null && Host.Find("skopeo") is not null;

    /// <summary>host:port, as image names begin.</summary>
    public string Address { get; }

    /// <summary>Where the registry keeps its files, for tests that damage them.</summary>
    public string DataDirectory => directory["data"];

    /// <param name="asksForPassword">Serves only the user "berth" with the password "secret".</param>
    public static async Task<TestRegistry> StartAsync(bool asksForPassword = false)
    {
        var registry = new TestRegistry(Host.FreePort(), asksForPassword);
        using var http = new HttpClient();
        await Host.EventuallyAsync(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri($"http://{registry.Address}/v2/"));
                    return answer.StatusCode == (asksForPassword ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the registry answers");
        return registry;
    }

    /// <summary>Copies an image into the registry, by skopeo.</summary>
    /// <param name="source">In skopeo's form, such as docker-archive:PATH.</param>
    /// <param name="name">Repository and tag.</param>
    /// <returns>The whole name to pull.</returns>
    public async Task<string> PushAsync(string source, string name, params string[] options)
    {
        string[] arguments = ["copy", "--insecure-policy", "--dest-tls-verify=false", "-q", .. options, source, $"docker://{Address}/{name}"];
        (await new Command("skopeo", arguments).Within(TimeSpan.FromMinutes(3)).RunAsync()).Expect(0);
        return $"{Address}/{name}";
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Dispose();
    }
}
