using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.Client.CommandLine;

namespace Berth.Client.Credentials;

/// <summary>Programs that keep credentials: docker-credential-NAME with one of "get", "store" and "erase", JSON or a server's name on its input.</summary>
internal static class CredentialHelper
{
    private const string NotFound = "credentials not found in native keychain";

    /// <returns>Null when it has none for the server.</returns>
    public static (string Username, string Secret)? Get(string helper, string server)
    {
        var (exitCode, output) = Run(helper, "get", server);
        if (exitCode != 0)
        {
            return output.Contains(NotFound, StringComparison.Ordinal) ? null : throw new CommandFailedException($"docker-credential-{helper}: {output.Trim()}");
        }

        try
        {
            var answer = JsonNode.Parse(output);
            return (answer?["Username"]?.GetValue<string>() ?? "", answer?["Secret"]?.GetValue<string>() ?? "");
        }
        catch (JsonException wrong)
        {
            throw new CommandFailedException($"docker-credential-{helper} gave no JSON: {wrong.Message}");
        }
    }

    public static void Store(string helper, string server, string username, string secret)
        => Must(helper, "store", new JsonObject { ["ServerURL"] = server, ["Username"] = username, ["Secret"] = secret }.ToJsonString());

    public static void Erase(string helper, string server) => Must(helper, "erase", server);

    private static void Must(string helper, string verb, string input)
    {
        var (exitCode, output) = Run(helper, verb, input);
        if (exitCode != 0 && !output.Contains(NotFound, StringComparison.Ordinal))
        {
            throw new CommandFailedException($"docker-credential-{helper}: {output.Trim()}");
        }
    }

    private static (int ExitCode, string Output) Run(string helper, string verb, string input)
    {
        if (helper.Contains('/', StringComparison.Ordinal))
        {
            throw new CommandFailedException($"\"{helper}\" is not a credential helper's name");
        }

        try
        {
            using var process = Process.Start(new ProcessStartInfo($"docker-credential-{helper}", verb) { RedirectStandardInput = true, RedirectStandardOutput = true })
                ?? throw new CommandFailedException($"docker-credential-{helper} can't be started");
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (Win32Exception missing)
        {
            throw new CommandFailedException($"docker-credential-{helper}, which the configuration names, can't be run: {missing.Message}");
        }
    }
}
