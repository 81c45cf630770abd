namespace Berth.Daemon.Hosting;

/// <summary>The options' proxies put in place of the environment's, where every HTTP client of this process looks; an empty one switches it off.</summary>
internal static class ProxyEnvironment
{
    public static void Apply(DaemonOptions options)
    {
        foreach (var (variable, value) in new[] { ("HTTP_PROXY", options.HttpProxy), ("HTTPS_PROXY", options.HttpsProxy), ("NO_PROXY", options.NoProxy) })
        {
            if (value is not null)
            {
                // Programs look at either spelling: both must say the same.
                Environment.SetEnvironmentVariable(variable, value.Length == 0 ? null : value);
                Environment.SetEnvironmentVariable(variable.ToLowerInvariant(), value.Length == 0 ? null : value);
            }
        }
    }

    /// <summary>As shown to clients: without user and password.</summary>
    public static string Shown(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable) ?? Environment.GetEnvironmentVariable(variable.ToLowerInvariant()) ?? "";
        return Uri.TryCreate(value, UriKind.Absolute, out var url) && url.UserInfo.Length > 0 ? new UriBuilder(url) { UserName = "xxxxx", Password = "xxxxx" }.ToString() : value;
    }
}
