using System.Net;
using Berth.Shared.Errors;

namespace Berth.Daemon.Images.Registry;

/// <summary>Tries credentials on a registry: distribution-spec, "Determining Support", with the sign-in that the registry asks for.</summary>
internal sealed class RegistrySignIn(RegistryTransport transport, RegistryAuth auth, RegistryHost host)
{
    /// <exception cref="EngineException">Unauthorized: the registry refuses them. Internal: it can't be reached, or is none.</exception>
    public async Task TryAsync(CancellationToken ct)
    {
        var url = new Uri($"{await transport.BaseAsync(host, ct)}/v2/");
        try
        {
            using var response = await RegistryRequest.SendAsync(
                transport, auth, host, url, HttpMethod.Get, _ => { }, refusal => RegistrySession.DescribeAsync(host, refusal, ct), ct);
            if (response.StatusCode is not HttpStatusCode.OK)
            {
                throw new EngineException(ErrorKind.Internal, $"login attempt to {url} failed with status: {(int)response.StatusCode} {response.ReasonPhrase}");
            }
        }
        catch (RegistryException refusal)
        {
            throw new EngineException(ErrorKind.Unauthorized, $"Get \"{url}\": {refusal.Message}", refusal);
        }
    }
}
