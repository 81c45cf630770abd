using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Berth.Shared.Errors;

namespace Berth.Daemon.Images.Registry;

/// <summary>Signs in for one session: Basic, or Bearer by Docker's token specification. Mirrors get no credentials: they are other people's servers.</summary>
/// <param name="scopes">What to ask for where the registry does not say, and beyond what it says; such as "repository:team/app:pull".</param>
internal sealed class RegistryAuth(RegistryTransport transport, IReadOnlyList<string> scopes, RegistryCredentials? credentials, TimeProvider clock)
{
    private const string ClientId = "berth";
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, (AuthenticationHeaderValue Header, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);
    private readonly Lock _knowing = new();

    /// <summary>What to send at once, to save the round of being refused; null when nothing is known yet.</summary>
    public AuthenticationHeaderValue? Known(RegistryHost host)
    {
        lock (_knowing)
        {
            return _known.TryGetValue(host.Authority, out var known) && known.Until > clock.GetUtcNow() ? known.Header : null;
        }
    }

    /// <summary>Answers a registry's challenge.</summary>
    /// <returns>Null when we have nothing to answer it with.</returns>
    /// <exception cref="EngineException">Unauthorized: the token server refuses the credentials. Internal: it can't be used.</exception>
    public async Task<AuthenticationHeaderValue?> AnswerAsync(RegistryHost host, IReadOnlyList<AuthChallenge> challenges, CancellationToken ct)
    {
        var forHost = host.IsMirror ? null : credentials;
        var bearer = challenges.FirstOrDefault(challenge => challenge.Scheme == "bearer" && challenge.Parameters.ContainsKey("realm"));
        if (bearer is not null)
        {
            var (token, lifetime) = forHost?.RegistryToken is { } given ? (given, TimeSpan.FromMinutes(5)) : await FetchTokenAsync(host, bearer, forHost, ct);
            return Remember(host, new AuthenticationHeaderValue("Bearer", token), lifetime);
        }

        return challenges.Any(challenge => challenge.Scheme == "basic") && forHost is { Username.Length: > 0 }
            ? Remember(host, Basic(forHost), TimeSpan.FromDays(1))
            : null;
    }

    private async Task<(string Token, TimeSpan Lifetime)> FetchTokenAsync(RegistryHost host, AuthChallenge bearer, RegistryCredentials? forHost, CancellationToken ct)
    {
        if (!Uri.TryCreate(bearer.Parameters["realm"], UriKind.Absolute, out var realm) || !IsAcceptable(realm, host))
        {
            throw new EngineException(ErrorKind.Internal, $"registry {host.Authority} asks for a token from an address that can't be trusted");
        }

        var service = bearer.Parameters.GetValueOrDefault("service");
        string[] wanted = [.. new[] { bearer.Parameters.GetValueOrDefault("scope") }.OfType<string>().Concat(scopes).Distinct(StringComparer.Ordinal)];
        var tokenHost = new RegistryHost(realm.Authority, "", host.Insecure, IsMirror: false, realm.Scheme);
        using var response = await transport.SendAsync(tokenHost, () => forHost?.IdentityToken is { } refresh
            ? Post(realm, service, wanted, refresh)
            : Get(realm, service, wanted, forHost), ct);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new EngineException(ErrorKind.Unauthorized, "unauthorized: incorrect username or password");
        }

        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            throw new EngineException(ErrorKind.Unavailable, $"toomanyrequests: {realm.Authority} wants fewer requests");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new EngineException(ErrorKind.Internal, $"{realm.Authority} answered {(int)response.StatusCode} when asked for a token");
        }

        return await ReadTokenAsync(realm, response, ct);
    }

    private static async Task<(string Token, TimeSpan Lifetime)> ReadTokenAsync(Uri realm, HttpResponseMessage response, CancellationToken ct)
    {
        const int limit = 1 << 20;
        var stream = await response.Content.ReadAsStreamAsync(ct);
        var content = new byte[limit];
        var length = await stream.ReadAtLeastAsync(content, limit, throwOnEndOfStream: false, ct);
        RegistryToken? answer;
        try
        {
            answer = JsonSerializer.Deserialize(content.AsSpan(0, length), RegistryJson.Default.RegistryToken);
        }
        catch (JsonException error)
        {
            throw new EngineException(ErrorKind.Internal, $"{realm.Authority} gave a token that can't be read", error);
        }

        var token = string.IsNullOrEmpty(answer?.Token) ? answer?.AccessToken : answer.Token;
        return string.IsNullOrEmpty(token) || token.AsSpan().ContainsAny('\r', '\n')
            ? throw new EngineException(ErrorKind.Internal, $"{realm.Authority} gave no token")
            : (token, answer?.ExpiresIn is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : DefaultLifetime);
    }

    private static HttpRequestMessage Get(Uri realm, string? service, string[] wanted, RegistryCredentials? credentials)
    {
        var query = new StringBuilder(realm.Query.TrimStart('?'));
        Append("service", service);
        foreach (var scope in wanted)
        {
            Append("scope", scope);
        }

        Append("account", credentials?.Username);
        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString() }.Uri);
        request.Headers.Authorization = credentials is { Username.Length: > 0 } ? Basic(credentials) : null;
        return request;

        void Append(string key, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                query.Append(query.Length == 0 ? "" : "&").Append(key).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    private static HttpRequestMessage Post(Uri realm, string? service, string[] wanted, string refreshToken) => new(HttpMethod.Post, realm)
    {
        Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = refreshToken,
            ["service"] = service ?? "",
            ["scope"] = string.Join(' ', wanted),
            ["client_id"] = ClientId,
        }),
    };

    // Credentials that belong to a secure registry never travel in the clear, whatever address it names.
    private static bool IsAcceptable(Uri realm, RegistryHost host) => realm.Scheme == Uri.UriSchemeHttps || (realm.Scheme == Uri.UriSchemeHttp && host.Insecure);

    private static AuthenticationHeaderValue Basic(RegistryCredentials credentials)
        => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}")));

    private AuthenticationHeaderValue Remember(RegistryHost host, AuthenticationHeaderValue header, TimeSpan lifetime)
    {
        lock (_knowing)
        {
            _known[host.Authority] = (header, clock.GetUtcNow() + (lifetime > Margin ? lifetime - Margin : lifetime));
        }

        return header;
    }
}
