namespace Berth.Daemon.Hosting;

internal static class HostingServices
{
    /// <summary>Logging, errors and JSON for every feature's endpoints.</summary>
    public static void AddHosting(this WebApplicationBuilder builder, DaemonOptions options)
    {
        var logger = new DaemonLoggerProvider(options.LogLevel, options.LogFormat, TimeProvider.System);
        builder.Logging.SetMinimumLevel(LogLevel.Trace); // the provider decides, and can be told anew
        builder.Logging.AddProvider(logger);
        builder.Services.AddSingleton(logger);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new InForce<DaemonOptions>(options));
        builder.Services.AddSingleton<ConfigurationReload>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IdleMemory>();
        builder.Services.AddRoutingCore();
        builder.Services.AddExceptionHandler<ApiErrors>();
        builder.Services.AddProblemDetails(); // required by UseExceptionHandler(); ApiErrors answers before it

        // Query values that can't be read become 400 with a message, by way of ApiErrors.
        builder.Services.Configure<RouteHandlerOptions>(route => route.ThrowOnBadRequest = true);
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = options.ShutdownTimeout;
            host.ServicesStartConcurrently = false; // recovery goes in the order of registration
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Clear();
            json.SerializerOptions.TypeInfoResolverChain.Add(Shared.Api.ApiJson.Default);
            json.SerializerOptions.PropertyNamingPolicy = null;
            json.SerializerOptions.PropertyNameCaseInsensitive = true;
            json.SerializerOptions.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
    }
}
