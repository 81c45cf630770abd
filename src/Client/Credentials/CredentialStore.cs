using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.Client.CommandLine;
using Berth.Shared.References;

namespace Berth.Client.Credentials;

/// <summary>
/// Credentials for registries, where docker keeps them: config.json in $DOCKER_CONFIG or ~/.docker, with its credential helpers. Who has signed in with
/// docker need not do it again.
/// </summary>
internal sealed class CredentialStore(Func<string, string?> environment)
{
    private const string HubKey = "https://index.docker.io/v1/";
    private const string TokenUser = "<token>"; // the helpers' mark of a refresh token in the place of a password

    public string ConfigPath => Path.Combine(environment("DOCKER_CONFIG") is { Length: > 0 } given ? given : Path.Combine(environment("HOME") ?? "/", ".docker"), "config.json");

    /// <summary>What to send as X-Registry-Auth for a registry; null when nothing is known for it.</summary>
    /// <param name="domain">As image names have it.</param>
    public string? HeaderFor(string domain) => Find(domain) is { } auth ? Convert.ToBase64String(Encoding.UTF8.GetBytes(auth.ToJsonString())).Replace('+', '-').Replace('/', '_') : null;

    /// <returns>The name of the helper that keeps them now; null when they are in the file itself, in the clear.</returns>
    public string? Save(string domain, string username, string password)
    {
        var config = Read();
        if (HelperFor(config, domain) is { } helper)
        {
            CredentialHelper.Store(helper, KeyOf(domain), username, password);
            Entry(config)[KeyOf(domain)] = new JsonObject();
            Write(config);
            return helper;
        }

        Entry(config)[KeyOf(domain)] = new JsonObject { ["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}")) };
        Write(config);
        return null;
    }

    /// <returns>False when there was nothing to forget.</returns>
    public bool Remove(string domain)
    {
        var config = Read();
        var wasThere = config["auths"] is JsonObject auths && auths.Remove(KeyOf(domain));
        if (HelperFor(config, domain) is { } helper)
        {
            CredentialHelper.Erase(helper, KeyOf(domain));
        }

        if (wasThere)
        {
            Write(config);
        }

        return wasThere;
    }

    private JsonObject? Find(string domain)
    {
        var (config, key) = (Read(), KeyOf(domain));
        if (HelperFor(config, domain) is { } helper && CredentialHelper.Get(helper, key) is { } kept)
        {
            return kept.Username == TokenUser
                ? new JsonObject { ["identitytoken"] = kept.Secret, ["serveraddress"] = key }
                : new JsonObject { ["username"] = kept.Username, ["password"] = kept.Secret, ["serveraddress"] = key };
        }

        if ((config["auths"] as JsonObject)?[key] is not JsonObject entry)
        {
            return null;
        }

        var auth = new JsonObject { ["serveraddress"] = key };
        if (entry["auth"]?.GetValue<string>() is { Length: > 0 } pair)
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(pair));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (auth["username"], auth["password"]) = colon < 0
                ? throw new CommandFailedException($"{ConfigPath}: the entry of {key} is damaged: sign in again")
                : (text[..colon], text[(colon + 1)..].TrimEnd('\0'));
        }

        if (entry["identitytoken"]?.GetValue<string>() is { Length: > 0 } token)
        {
            auth["identitytoken"] = token;
        }

        return auth.Count > 1 ? auth : null;
    }

    private static string? HelperFor(JsonObject config, string domain)
        => (config["credHelpers"] as JsonObject)?[domain]?.GetValue<string>() ?? config["credsStore"]?.GetValue<string>();

    private static string KeyOf(string domain) => domain == ImageReference.DefaultDomain ? HubKey : domain;

    private static JsonObject Entry(JsonObject config)
    {
        if (config["auths"] is not JsonObject auths)
        {
            config["auths"] = auths = [];
        }

        return auths;
    }

    private JsonObject Read()
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(ConfigPath)) as JsonObject ?? throw new CommandFailedException($"{ConfigPath} does not hold a JSON object");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (JsonException wrong)
        {
            throw new CommandFailedException($"{ConfigPath}: {wrong.Message}");
        }
    }

    // Under another name first, and for its owner only: a cut must not cost the other entries, nor show anybody the secrets.
    private void Write(JsonObject config)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Directory.CreateDirectory(Path.GetDirectoryName(ConfigPath)!, owner | UnixFileMode.UserExecute); // a file's path has a directory
        var unfinished = $"{ConfigPath}.{Environment.ProcessId}.tmp";
        using (var file = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = owner }))
        using (var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1 }))
        {
            config.WriteTo(json);
        }

        File.Move(unfinished, ConfigPath, overwrite: true);
    }
}
