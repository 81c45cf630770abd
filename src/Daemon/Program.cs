using System.Diagnostics;
using Berth.Daemon;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

try
{
    switch (CommandLine.Parse(args))
    {
        case CommandLine.Help:
            Console.Out.Write(CommandLine.HelpText());
            return 0;
        case CommandLine.Version:
            Console.Out.WriteLine($"Berth version {EngineVersion.Value}, API version {ApiVersion.Newest}");
            return 0;
        case CommandLine.Validate:
            Console.Out.WriteLine("configuration OK");
            return 0;
        case CommandLine.Run(var options, var reread):
            await RunAsync(options, reread);
            return 0;
        default:
            throw new UnreachableException();
    }
}
catch (Exception wrong) when (wrong is OptionException or EngineException)
{
    // Told to an administrator; anything else is a defect, and its whole trace is wanted.
    Console.Error.WriteLine($"berthd: {wrong.Message}");
    return 1;
}

static async Task RunAsync(DaemonOptions options, Func<DaemonOptions> reread)
{
    ProxyEnvironment.Apply(options);
    Directories.Create(options);
    using var pidFile = PidFile.Create(options.PidFile);
    var listeners = Listener.OpenAll(options);
    try
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "berthd", EnvironmentName = Environments.Production });
        builder.AddHosting(options);
        builder.WebHost.UseListeners(listeners, options);

        builder.Services.AddEngine(options);

        await using var app = builder.Build();
        app.UseFrontDoor();
        app.MapEngine();

        await app.RunDaemonAsync(listeners, reread);
    }
    finally
    {
        foreach (var listener in listeners)
        {
            listener.Dispose();
        }
    }
}
