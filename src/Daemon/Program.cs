using System.Diagnostics;
using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Containers.Exec;
using Berth.Daemon.Containers.Logs;
using Berth.Daemon.Containers.Stats;
using Berth.Daemon.Containers.Top;
using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Daemon.Networks;
using Berth.Daemon.Storage;
using Berth.Daemon.SystemInfo;
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
        case CommandLine.Run(var options):
            await RunAsync(options);
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

static async Task RunAsync(DaemonOptions options)
{
    Directories.Create(options);
    using var pidFile = PidFile.Create(options.PidFile);
    var listeners = Listener.OpenAll(options);
    try
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "berthd", EnvironmentName = Environments.Production });
        builder.AddHosting(options);
        builder.WebHost.UseListeners(listeners, options);

        builder.Services.AddStorage(Path.Combine(options.DataRoot, "berth.db"));
        builder.Services.AddEvents();
        builder.Services.AddImages();
        builder.Services.AddNetworks(NetworkOptions.From(options));
        builder.Services.AddSingleton(options.ToContainers());
        builder.Services.AddContainers();
        builder.Services.AddExec();
        builder.Services.AddLogs();
        builder.Services.AddAttach();
        builder.Services.AddStats();
        builder.Services.AddTop();
        builder.Services.AddSystem();

        await using var app = builder.Build();
        app.UseFrontDoor();
        var api = app.MapGroup("");
        api.MapEvents();
        api.MapImages();
        api.MapNetworks();
        api.MapContainers();
        api.MapAttach();
        api.MapExec();
        api.MapLogs();
        api.MapStats();
        api.MapTop();
        api.MapSystem();

        await app.RunDaemonAsync(listeners);
    }
    finally
    {
        foreach (var listener in listeners)
        {
            listener.Dispose();
        }
    }
}
