using Berth.Daemon.Containers;

namespace Berth.Daemon.Hosting;

/// <summary>What each feature is told of the daemon's options.</summary>
internal static class FeatureOptions
{
    private const string RuntimeProgram = "berth-runtime";

    /// <exception cref="OptionException">Berth's own runtime program is nowhere.</exception>
    public static ContainersOptions ToContainers(this DaemonOptions options) => new()
    {
        DataRoot = options.DataRoot,
        ExecRoot = options.ExecRoot,
        RuntimePath = FindRuntime(options.RuntimePath),
        Runtimes = options.Runtimes,
        RuntimeArguments = options.RuntimeArguments,
        DefaultRuntime = options.DefaultRuntime,
        CgroupParent = options.CgroupParent,
        DefaultShmSizeBytes = options.DefaultShmSizeBytes,
        DefaultIpcMode = options.DefaultIpcMode,
        DefaultCgroupnsMode = options.DefaultCgroupnsMode,
        DefaultUlimits = options.DefaultUlimits,
        NoNewPrivileges = options.NoNewPrivileges,
        SeccompProfile = options.SeccompProfile,
        Init = options.Init,
        LogDriver = options.LogDriver,
        LogOptions = options.LogOptions,
        Dns = options.Dns,
        DnsOptions = options.DnsOptions,
        DnsSearch = options.DnsSearch,
    };

    private static string FindRuntime(string? given)
    {
        if (given is not null)
        {
            return File.Exists(given) ? given : throw new OptionException($"invalid runtime \"{given}\": there is no such file");
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted);
        return folders.Prepend(AppContext.BaseDirectory).Select(folder => Path.Combine(folder, RuntimeProgram)).FirstOrDefault(File.Exists)
            ?? throw new OptionException($"can't find {RuntimeProgram} beside the daemon or in PATH; say where it is with --runtime");
    }
}
