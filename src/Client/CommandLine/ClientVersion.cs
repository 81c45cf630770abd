namespace Berth.Client.CommandLine;

/// <summary>The version this client was built as.</summary>
internal static class ClientVersion
{
    public static string Text => typeof(ClientVersion).Assembly.GetName().Version is { } version ? version.ToString(3) : "unknown";
}
