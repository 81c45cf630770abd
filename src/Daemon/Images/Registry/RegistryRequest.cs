using System.Net;
using System.Net.Http.Headers;

namespace Berth.Daemon.Images.Registry;

/// <summary>One request to a registry, signed in for when the registry asks for it.</summary>
internal static class RegistryRequest
{
    /// <param name="url">Credentials go along only if it is on the host.</param>
    /// <param name="prepare">Called for every attempt: a body is made anew each time.</param>
    /// <param name="refused">Makes the error of an answer 401 that nothing can be done about.</param>
    /// <returns>The answer, whatever its status but 401.</returns>
    public static async Task<HttpResponseMessage> SendAsync(
        RegistryTransport transport, RegistryAuth auth, RegistryHost host, Uri url, HttpMethod method, Action<HttpRequestMessage> prepare,
        Func<HttpResponseMessage, Task<RegistryException>> refused, CancellationToken ct)
    {
        var isOnHost = url.Authority == host.Authority;
        var response = await SendAsync(isOnHost ? auth.Known(host) : null);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !isOnHost)
        {
            return response;
        }

        using (response)
        {
            var challenges = AuthChallenge.Parse(response.Headers.TryGetValues("WWW-Authenticate", out var values) ? values : []);
            var authorization = await auth.AnswerAsync(host, challenges, ct) ?? throw await refused(response);
            var second = await SendAsync(authorization);
            if (second.StatusCode != HttpStatusCode.Unauthorized)
            {
                return second;
            }

            using (second)
            {
                throw await refused(second);
            }
        }

        Task<HttpResponseMessage> SendAsync(AuthenticationHeaderValue? authorization) => transport.SendAsync(host, () =>
        {
            var request = new HttpRequestMessage(method, url);
            request.Headers.Authorization = authorization;
            prepare(request);
            return request;
        }, ct);
    }
}
