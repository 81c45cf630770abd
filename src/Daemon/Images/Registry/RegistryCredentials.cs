using System.Text;
using System.Text.Json;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Images.Registry;

/// <summary>What a client gave us to sign in at a registry with. Lives as long as its request and is never written anywhere.</summary>
/// <param name="IdentityToken">An OAuth2 refresh token, in place of the password.</param>
/// <param name="RegistryToken">A bearer token to use as it is.</param>
internal sealed record RegistryCredentials(string Username, string Password, string? IdentityToken = null, string? RegistryToken = null)
{
    /// <summary>Reads an X-Registry-Auth header: base64 of an AuthConfig, in either alphabet, padded or not.</summary>
    /// <returns>Null when it holds no credentials.</returns>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    public static RegistryCredentials? Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return null;
        }

        try
        {
            var standard = header.Trim().TrimEnd('=').Replace('-', '+').Replace('_', '/');
            var json = Convert.FromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='));
            return JsonSerializer.Deserialize(json, ApiJson.Default.AuthConfig) is { } auth ? From(auth) : null;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "the X-Registry-Auth header is not base64 of a JSON object", error);
        }
    }

    public override string ToString() => $"credentials of {Username}"; // a record would print the secrets

    /// <returns>Null when it holds no credentials.</returns>
    internal static RegistryCredentials? From(AuthConfig auth)
    {
        var (username, password) = (auth.Username ?? "", auth.Password ?? "");
        if (username.Length == 0 && !string.IsNullOrEmpty(auth.Auth))
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(auth.Auth));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            (username, password) = colon < 0 ? throw new FormatException("no colon") : (pair[..colon], pair[(colon + 1)..].TrimEnd('\0'));
        }

        var (identity, registry) = (Text(auth.Identitytoken), Text(auth.Registrytoken));
        return username.Length == 0 && identity is null && registry is null ? null : new RegistryCredentials(username, password, identity, registry);
    }

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
