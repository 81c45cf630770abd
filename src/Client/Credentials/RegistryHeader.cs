using Berth.Client.CommandLine;

namespace Berth.Client.Credentials;

/// <summary>The header field that lets the daemon sign in for the caller.</summary>
internal static class RegistryHeader
{
    /// <param name="domain">Of the image that is asked for.</param>
    /// <returns>With its CRLF. Empty credentials when none are known: daemons want the field on a push.</returns>
    public static string For(Invocation call, string domain)
        => $"X-Registry-Auth: {new CredentialStore(call.World.Environment).HeaderFor(domain) ?? "e30="}\r\n"; // "{}"
}
