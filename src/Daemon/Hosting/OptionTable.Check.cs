using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

internal static partial class OptionTable
{
    /// <summary>What single values can't show: options that contradict one another.</summary>
    /// <exception cref="OptionException">They do.</exception>
    public static void Check(DaemonOptions options)
    {
        if (options.DefaultRuntime != DaemonOptions.OwnRuntimeName && !options.Runtimes.ContainsKey(options.DefaultRuntime))
        {
            throw new OptionException($"default runtime {options.DefaultRuntime} is not known: add it with --add-runtime {options.DefaultRuntime}=/path");
        }

        if (options.Runtimes.ContainsKey(DaemonOptions.OwnRuntimeName))
        {
            throw new OptionException($"a runtime can't be named {DaemonOptions.OwnRuntimeName}: that is Berth's own; --runtime says where it is");
        }

        try
        {
            LogPlanner.Plan(options.LogDriver, options.LogOptions, new Dictionary<string, string>(), []);
        }
        catch (EngineException wrong)
        {
            throw new OptionException($"failed to set log opts: {wrong.Message}");
        }

        foreach (var host in options.Hosts)
        {
            if (host is HostAddress.Tcp && !options.TlsVerify && !options.AllowUnauthenticatedTcp)
            {
                throw new OptionException(
                    $"refusing to serve {host} to anybody: give --tlsverify with --tlscacert, --tlscert and --tlskey"
                    + " (or --allow-unauthenticated-tcp, if everyone who can connect may be root on this host)");
            }
        }
    }
}
